// Asks a URL every 50 ms until it answers 200. The log has `polling` once it has begun and `first-200` when it is done.
//
// URL      http://todo-api.default.svc/health
// SECONDS  gives up after this long
import http from 'k6/http';
import { sleep } from 'k6';

export const options = {
  iterations: 1,
  vus: 1,
  discardResponseBodies: true,
  dns: { ttl: '0' },  // the name does not exist yet: ask again every time
};

export default function () {
  const deadline = Date.now() + Number(__ENV.SECONDS) * 1000;
  let answer = { status: 0, error: 'not asked' };
  console.log('polling');
  while (Date.now() < deadline) {
    answer = http.get(__ENV.URL, { timeout: '2s' });
    if (answer.status === 200) {
      console.log('first-200');
      return;
    }
    sleep(0.05);
  }
  console.log(`gave-up after ${__ENV.SECONDS} s: ${answer.status} ${answer.error}`);
}

export function handleSummary() {
  return {};
}
