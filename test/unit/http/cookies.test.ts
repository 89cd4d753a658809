import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { requestCookie, setCookieValue } from "../../../src/http/cookies.ts";
import { HeaderMap } from "../../../src/http/header-map.ts";

describe("A cookie of a request", () => {
  const rows: readonly [header: string, value: string | undefined][] = [
    ["id=1", "1"],
    ["other=2; id=1; third=3", "1"],
    ['id="quoted"', "quoted"],
    ["id=a=b", "a=b"],
    ["  id=spaced  ;x=1", "spaced"],
    ["id=", ""],
    ["xid=1; id2=2", undefined],
    ["id", undefined],
    ["ID=1", undefined],
    ["", undefined],
  ];
  for (const [header, value] of rows) {
    it(`is ${value === undefined ? "not found" : JSON.stringify(value)} in ${JSON.stringify(header)}`, () => {
      assert.equal(requestCookie(new HeaderMap(["cookie", header]), "id"), value);
    });
  }

  it("is looked for in all cookie headers, the first one counts", () => {
    assert.equal(requestCookie(new HeaderMap(["cookie", "a=1", "cookie", "id=2", "cookie", "id=3"]), "id"), "2");
  });
});

describe("The value of a Set-Cookie header", () => {
  it("says what there is to say", () => {
    assert.equal(setCookieValue("a", "b", { maxAgeS: 0, path: "", attributes: [] }), 'a="b"; HttpOnly');
    const attributes = [
      { name: "SameSite", value: "Strict" },
      { name: "Secure", value: "" },
    ];
    const value = 'a="b"; Max-Age=10; Path=/x; SameSite=Strict; Secure; HttpOnly';
    assert.equal(setCookieValue("a", "b", { maxAgeS: 10, path: "/x", attributes }), value);
  });
});
