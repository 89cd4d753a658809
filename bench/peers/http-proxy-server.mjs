// A proxy made of `http-proxy` from npm, as its documentation has it, with a keep-alive agent.
// argv: listen port, backend port, number of routes (0: none).
import http from "node:http";
import httpProxy from "http-proxy";

const [listenPort, backendPort, routeCount] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1024 });
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${backendPort}`, agent });
proxy.on("error", (_error, _request, response) => {
  if ("writeHead" in response && !response.headersSent) response.writeHead(502);
  response.end();
});

// It has no routes of its own: a list, first match wins, is what its users write.
const prefixes = Array.from({ length: routeCount }, (_, index) => `/service-${index}/`);
const server = http.createServer((request, response) => {
  if (routeCount > 0 && !prefixes.some((prefix) => request.url.startsWith(prefix))) {
    response.writeHead(404).end();
    return;
  }
  proxy.web(request, response);
});
server.keepAliveTimeout = 600_000;
server.headersTimeout = 600_000;
server.requestTimeout = 0;
server.listen({ port: listenPort, host: "127.0.0.1", backlog: 4096 });
