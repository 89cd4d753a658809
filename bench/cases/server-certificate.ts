import { writeFileSync } from "node:fs";
import path from "node:path";
import { TestCa } from "../../test/harness/certificates.ts";
import type { TlsFiles } from "../peers/peer.ts";

/** A P-256 certificate for 127.0.0.1 with its key, as files: apart, and as the one file that HAProxy reads. */
export function serverCertificate(folder: string): TlsFiles {
  const { certPem, keyPem } = new TestCa("benchmarks").issue({ commonName: "localhost", ip: ["127.0.0.1"] });
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  return {
    certificate: write("server.crt", certPem),
    key: write("server.key", keyPem),
    both: write("server.pem", `${certPem}${keyPem}`),
  };
}
