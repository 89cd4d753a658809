import tls from "node:tls";

/** How one exchange over TLS ended. */
export interface TlsExchange {
  /** What the server sent; `""` if the connection ended before. */
  readonly response: string;
  /** Why it failed; `""` if it did not. */
  readonly error: string;
  readonly version: string | null;
  readonly cipher: string;
  readonly alpn: string | false | null;
  readonly reused: boolean;
  /** Common name of the server's certificate. */
  readonly server: string;
  readonly session: Buffer | null;
  readonly ocsp: Buffer | null;
}

/** Connects, sends one HTTP/1.1 request that closes, and tells what came of it. Never rejects. */
export async function tlsExchange(options: tls.ConnectionOptions, headers = ""): Promise<TlsExchange> {
  const socket = tls.connect({ host: "127.0.0.1", rejectUnauthorized: false, ...options });
  const seen: Record<string, unknown> = {};
  let response = "";
  let error = "";
  let session: Buffer | null = null;
  let ocsp: Buffer | null = null;
  socket.on("session", (ticket) => {
    session = ticket;
  });
  socket.on("OCSPResponse", (answer) => {
    ocsp = answer;
  });
  socket.on("error", (failure: NodeJS.ErrnoException) => {
    error ||= failure.code ?? failure.message;
  });
  socket.on("data", (data) => {
    response += data.toString("latin1");
  });
  socket.on("secureConnect", () => {
    seen.version = socket.getProtocol();
    seen.cipher = socket.getCipher().name;
    seen.alpn = socket.alpnProtocol;
    seen.reused = socket.isSessionReused();
    // With TLS 1.2 there is no event for a ticket that takes the place of another.
    if (seen.version === "TLSv1.2") session = socket.getSession() ?? session;
    seen.server = socket.getPeerX509Certificate()?.subject.replace(/^.*CN=/s, "");
    socket.write(`GET / HTTP/1.1\r\nhost: a.test\r\n${headers}connection: close\r\n\r\n`);
  });
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  const { version = null, cipher = "", alpn = null, reused = false, server = "" } = seen as Partial<TlsExchange>;
  return { response, error, version, cipher, alpn, reused, server, session, ocsp };
}
