// A proxy made of `@fastify/http-proxy` from npm, as its documentation has it.
// argv: listen port, backend port, number of routes (0: none).
import fastifyHttpProxy from "@fastify/http-proxy";
import fastify from "fastify";

const [listenPort, backendPort, routeCount] = process.argv.slice(2).map(Number);
const upstream = `http://127.0.0.1:${backendPort}`;
const server = fastify({ logger: false, bodyLimit: 64 * 1024 * 1024, keepAliveTimeout: 600_000, requestTimeout: 0 });
const undici = { connections: 1024, pipelining: 1 };

if (routeCount === 0) {
  server.register(fastifyHttpProxy, { upstream, undici });
} else {
  // One registration per route would open a pool per route; a route per prefix through one `from` is the same work.
  const { default: replyFrom } = await import("@fastify/reply-from");
  server.register(replyFrom, { base: upstream, undici });
  for (let index = 0; index < routeCount; index += 1) {
    server.all(`/service-${index}/*`, (_request, reply) => reply.from());
  }
}
server.server.headersTimeout = 600_000;
await server.listen({ port: listenPort, host: "127.0.0.1", backlog: 4096 });
