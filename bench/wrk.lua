-- What wrk sends, by the words after `--`: nothing (GET), `upload`, `close`, or `routes <count>`.
-- At the end one line of JSON for the benchmark to read.

function init(args)
  local kind = args[1]
  if kind == "upload" then
    wrk.method = "POST"
    wrk.body = string.rep("x", 1048576)
  elseif kind == "close" then
    wrk.headers["Connection"] = "close"
  elseif kind == "routes" then
    local requests = {}
    for index = 0, tonumber(args[2]) - 1 do
      requests[index] = wrk.format("GET", "/service-" .. index .. "/item")
    end
    local last, count = 0, tonumber(args[2])
    request = function()
      -- A stride without a common divisor with the count visits every route, far from the one before.
      last = (last + 617) % count
      return requests[last]
    end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"badStatus":%d,"socketErrors":%d,"p50Us":%d,"p99Us":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
