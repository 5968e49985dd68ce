// Load in phases on the Todo API, as clients with kept-alive connections make it: mostly reads, one write in ten.
//
// BASE_URL  http://todo-api.default.svc
// PHASES    [{"name": "base", "rate": 60, "seconds": 30}, ...]    requests a second, one phase after the other
//
// The log has `phase NAME` when a phase begins, `unexpected {...}` for every answer that is not the expected one,
// and at the end one line `summary {...}`. Bounded: sum(rate * seconds) requests, sum(seconds) long.
import http from 'k6/http';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import { sleep } from 'k6';

const base = __ENV.BASE_URL;
const phases = JSON.parse(__ENV.PHASES);
const sent = new Counter('sent');
const unexpected = new Counter('unexpected');

const scenarios = {};
const thresholds = {};
let start = 0;
for (const phase of phases) {
  scenarios[phase.name] = {
    executor: 'constant-arrival-rate',
    rate: phase.rate,
    timeUnit: '1s',
    duration: `${phase.seconds}s`,
    startTime: `${start}s`,
    gracefulStop: '10s',
    preAllocatedVUs: Math.max(8, Math.ceil(phase.rate / 10)),
    maxVUs: Math.max(40, phase.rate),
  };
  // A threshold is how k6 is told to keep a metric by phase.
  thresholds[`http_req_duration{scenario:${phase.name}}`] = ['max>=0'];
  start += phase.seconds;
}

export const options = {
  scenarios,
  thresholds,
  discardResponseBodies: true,
  setupTimeout: '60s',
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
};

// One user to work with; the name is new in every run, because a kept database remembers the old ones.
export function setup() {
  const name = `load-${Date.now()}`;
  for (let attempt = 0; attempt < 50; attempt++) {
    const answer = http.post(`${base}/users/?username=${name}-${attempt}`, null,
                             { responseType: 'text', timeout: '5s' });
    if (answer.status === 200) {
      return { user: answer.json('id') };
    }
    sleep(0.5);
  }
  throw new Error(`${base} made no user in 50 attempts`);
}

function request(number, user) {
  if (number % 10 === 9) {
    return ['POST', 'POST /tasks/', `/tasks/?title=load-${number}&owner_id=${user}`];
  }
  if (number % 3 === 0) {
    return ['GET', 'GET /tasks/{id}', `/tasks/${user}?limit=20`];
  }
  return ['GET', 'GET /users/{id}', `/users/${user}`];
}

export default function ({ user }) {
  const number = exec.scenario.iterationInTest;
  if (number === 0) {
    console.log(`phase ${exec.scenario.name}`);
  }
  const [method, route, path] = request(number, user);
  const answer = http.request(method, base + path, null, { timeout: '10s', tags: { name: route } });
  sent.add(1);
  if (answer.status !== 200) {
    unexpected.add(1);
    console.log('unexpected ' + JSON.stringify({
      at: new Date().toISOString(), phase: exec.scenario.name, route,
      status: answer.status, error: answer.error,
    }));
  }
}

export function handleSummary(summary) {
  const count = (name) => (summary.metrics[name] ? summary.metrics[name].values.count : 0);
  const p95 = {};
  for (const phase of phases) {
    const metric = summary.metrics[`http_req_duration{scenario:${phase.name}}`];
    p95[phase.name] = metric ? metric.values['p(95)'] : null;
  }
  const figures = {
    requests: count('sent'), errors: count('unexpected'), dropped: count('dropped_iterations'), p95_ms: p95,
  };
  return { stdout: `summary ${JSON.stringify(figures)}\n` };
}
