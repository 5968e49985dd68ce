-- A request of each connection every INTERVAL_MS on average, whatever the answers are: offered load, not what the server
-- allows. Good answers and refusals are counted apart.
--
--   wrk ... -s overload.lua URL -- PATH INTERVAL_MS
local ready, interval = nil, 0
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  ready = wrk.format("GET", args[1])
  interval = tonumber(args[2])
  good, refused, other, retry_after = 0, 0, 0, 0
  math.randomseed(os.time())
end

function delay()
  return interval * 2 * math.random()
end

function request()
  return ready
end

function response(status, headers)
  if status == 200 then
    good = good + 1
  elseif status == 503 then
    refused = refused + 1
    if headers["Retry-After"] then retry_after = retry_after + 1 end
  else
    other = other + 1
  end
end

function done(summary, latency, _)
  local sums = { good = 0, refused = 0, other = 0, retry_after = 0 }
  for _, thread in ipairs(threads) do
    for name in pairs(sums) do sums[name] = sums[name] + thread:get(name) end
  end
  local errors = summary.errors
  io.write(string.format("figures: good=%d refused=%d other=%d retry_after=%d duration_us=%d p99_us=%d broken=%d\n",
    sums.good, sums.refused, sums.other, sums.retry_after, summary.duration, latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout))
end
