// Not a proxy: for each connection one to the backend, and what comes is written to the other side unread. It shows what
// Node.js's sockets take by themselves, which is the least that any proxy on them can take.
// argv: listen port, backend port.
import net from "node:net";

const [listenPort, backendPort] = process.argv.slice(2).map(Number);
const server = net.createServer({ noDelay: true }, (client) => {
  const backend = net.connect({ port: backendPort, host: "127.0.0.1", noDelay: true });
  link(client, backend);
  link(backend, client);
});
server.listen({ port: listenPort, host: "127.0.0.1", backlog: 4096 });

function link(from, to) {
  from.on("data", (bytes) => to.write(bytes));
  from.on("error", () => {});
  from.on("close", () => to.destroy());
}
