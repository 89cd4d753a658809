import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { filtered } from "./filtered.ts";

describe("HTTP filters that Troupe lacks", () => {
  const refused: readonly (readonly [string, string, string])[] = [
    ["custom_response", "CustomResponse", "local_reply_config"],
    ["ext_proc", "ExternalProcessor", "ext_authz"],
    ["lua", "Lua", "troupe.filters.http.module"],
    ["oauth2", "OAuth2", "jwt_authn"],
    ["tap", "Tap", "access log"],
    ["wasm", "Wasm", "troupe.filters.http.module"],
  ];
  for (const [type, message, advice] of refused) {
    it(`are refused by name, with what to do instead: ${type}`, async (t) => {
      await assert.rejects(filtered(t, type, message), (error: Error) => {
        const name = `envoy.extensions.filters.http.${type}.v3.${message}`;
        assert.match(
          error.message,
          new RegExp(`http_filters\\[0\\].*extension ${name} is not supported yet \\(.*${advice}`),
        );
        return true;
      });
    });
  }

  it("are refused by name without typed_config too", async (t) => {
    const manager = { http_filters: [{ name: "envoy.filters.http.lua" }, { name: "envoy.filters.http.router" }] };
    await assert.rejects(filtered(t, "lua", "Lua", {}, { manager }), /envoy\.filters\.http\.lua is not .*module/);
  });
});
