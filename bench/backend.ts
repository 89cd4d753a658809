import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { nginxCommand, nginxConfig } from "./nginx-config.ts";
import { freePort, LOAD_CORE, PinnedProcess } from "./pinned-process.ts";

/** Size of the file that `/1m` gives and of the uploads. */
export const LARGE_BODY_BYTES = 1024 * 1024;

/**
 * The server behind every proxy: nginx on the load core. `/1m` is a file of 1 MiB, `/upload` reads a body to its end in
 * memory and then answers, everything else is answered with 200 and 13 bytes.
 */
export class Backend {
  readonly port: number;
  /** The same, by HTTP/2 with prior knowledge. */
  readonly http2Port: number;
  readonly #process: PinnedProcess;

  private constructor(port: number, http2Port: number, process: PinnedProcess) {
    this.port = port;
    this.http2Port = http2Port;
    this.#process = process;
  }

  static async start(parentFolder: string): Promise<Backend> {
    const folder = path.join(parentFolder, "backend");
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    const http2Port = await freePort();
    const config = path.join(folder, "nginx.conf");
    writeFileSync(path.join(folder, "1m"), Buffer.alloc(LARGE_BODY_BYTES, "x"));
    writeFileSync(config, nginxConfig(folder, backendServer(port, http2Port, folder)));
    const process = new PinnedProcess("the backend", LOAD_CORE, nginxCommand(folder, config));
    await process.waitForPort(port);
    return new Backend(port, http2Port, process);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

function backendServer(port: number, http2Port: number, folder: string): string {
  // `return` alone would answer an upload before it has been read. A request to itself, made once the body is
  // complete, makes nginx read it first.
  return `  upstream self { server 127.0.0.1:${port}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    listen 127.0.0.1:${http2Port} http2 backlog=4096;
    http2_max_concurrent_streams 1000;
    root ${folder};
    location / { return 200 "Hello, world!"; }
    location = /1m { }
    location = /upload {
      client_max_body_size 0;
      client_body_buffer_size ${LARGE_BODY_BYTES * 2};
      proxy_pass http://self/uploaded;
      proxy_http_version 1.1;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
    }
  }`;
}
