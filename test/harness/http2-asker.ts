import http2 from "node:http2";
import { TLSSocket } from "node:tls";
import { http2Exchange } from "./http2-client-exchange.ts";

/** Whom to ask. */
export interface Http2AskerOptions {
  /** `http://` or `https://`, address and port. */
  readonly url: string;
  /** The server name of TLS, whose certificate is not verified. */
  readonly servername?: string;
  /** What the answer to a request for this path must be. Default: the path. */
  readonly expect?: (path: string) => string;
}

/**
 * A client that sends requests one after the other, and takes a new session whenever the old one has said GOAWAY. What did not go
 * well is noted and not thrown.
 */
export class Http2Asker {
  readonly failures: string[] = [];
  /** Requests that were answered. */
  count = 0;
  /** Sessions that the server has said GOAWAY on. */
  goodbyes = 0;
  /** Subject of the certificate of each session, in the order of the sessions. */
  readonly certificates: string[] = [];
  readonly #options: Http2AskerOptions;
  readonly #done: Promise<void>;
  #over = false;

  /** Starts to ask. */
  constructor(options: Http2AskerOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  /** Resolves when the request under way is answered and the session closed. */
  stop(): Promise<void> {
    this.#over = true;
    return this.#done;
  }

  async #run(): Promise<void> {
    const { expect = (path: string) => path } = this.#options;
    let session: Session | null = null;
    while (!this.#over) {
      if (session === null || session.leaving || session.connection.closed || session.connection.destroyed) {
        session?.connection.close();
        session = this.#connect();
      }
      const path = `/${this.count}`;
      const { status, body, rstCode } = await http2Exchange(session.connection, { ":path": path });
      // A client that was late to read the first GOAWAY asks again, as RFC 9113 §8.7 says.
      if (rstCode === http2.constants.NGHTTP2_REFUSED_STREAM && status === 0) continue;
      if (status !== 200 || body !== expect(path) || rstCode !== 0) this.failures.push(`${status} ${body} ${rstCode}`);
      this.count++;
    }
    session?.connection.close();
  }

  #connect(): Session {
    const { url, servername } = this.#options;
    const options = servername === undefined ? {} : { servername, rejectUnauthorized: false };
    const session: Session = { connection: http2.connect(url, options), leaving: false };
    session.connection.on("error", (error) => this.failures.push(error.message));
    session.connection.on("connect", (_, socket) => {
      if (socket instanceof TLSSocket) this.certificates.push(String(socket.getPeerCertificate().subject.CN));
    });
    session.connection.on("goaway", () => {
      if (!session.leaving) this.goodbyes++;
      session.leaving = true;
    });
    return session;
  }
}

interface Session {
  readonly connection: http2.ClientHttp2Session;
  /** Whether the server has said GOAWAY. */
  leaving: boolean;
}
