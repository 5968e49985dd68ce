-- Requests of one kind to random ones of N ids, and the figures as one line that a program can read.
--
--   wrk ... -s load.lua URL -- GET '/users/{id}' 1000
local ready, count = {}, 0

function init(args)
  local method, path = args[1], args[2]
  count = tonumber(args[3])
  for id = 1, count do
    ready[id] = wrk.format(method, (path:gsub("{id}", tostring(id))))
  end
  math.randomseed(os.time())
end

function request()
  return ready[math.random(count)]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    "figures: requests=%d duration_us=%d p50_us=%d p99_us=%d status=%d connect=%d read=%d write=%d timeout=%d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
