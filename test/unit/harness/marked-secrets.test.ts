import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { MarkedSecrets } from "../../harness/marked-secrets.ts";

describe("MarkedSecrets", () => {
  it("finds a secret in every form", () => {
    const secrets = new MarkedSecrets();
    const secret = secrets.text("password");
    const key = secrets.bytes("key", 32);
    for (const [text, name] of [
      [`Bearer ${secret}, more`, "password"],
      [Buffer.from(secret).toString("hex"), "password"],
      ...["", "a", "ab", "abc"].flatMap((before) =>
        ["", "a", "ab"].flatMap((after) => [
          [Buffer.from(before + secret + after).toString("base64"), "password"] as const,
          [Buffer.concat([Buffer.from(before), key, Buffer.from(after)]).toString("base64url"), "key"] as const,
        ]),
      ),
    ] as const) {
      assert.deepEqual(secrets.foundIn(text), [name], text);
    }
    assert.deepEqual(secrets.foundIn(secret.slice(1)), []);
  });

  it("finds lines and the number of a private key, and not its public half", () => {
    const secrets = new MarkedSecrets();
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    secrets.key("server key", pem, privateKey);
    for (const text of [
      pem,
      JSON.stringify(pem),
      pem.split("\n")[2]!,
      JSON.stringify(privateKey.export({ format: "jwk" })),
    ]) {
      assert.deepEqual(secrets.foundIn(text), ["server key"], text);
    }
    assert.deepEqual(secrets.foundIn(publicKey.export({ type: "spki", format: "pem" }) as string), []);
  });
});
