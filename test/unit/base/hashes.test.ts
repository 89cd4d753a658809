import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { murmurHash2 } from "../../../src/base/murmur-hash2.ts";
import { Uint64 } from "../../../src/base/uint64.ts";
import { xxHash64 } from "../../../src/base/xx-hash64.ts";
import { SeededRandom } from "../lb/lb-fixture.ts";

const WRAP = (1n << 64n) - 1n;

function xxHash(text: string, seed = 0n): bigint {
  return xxHash64(text, new Uint64().setBigInt(seed)).toBigInt();
}

describe("Uint64", () => {
  it("computes as a bigint of 64 bits does", () => {
    const random = new SeededRandom(7);
    for (let round = 0; round < 2000; round++) {
      const x = new Uint64().set(random.uint32(), random.uint32());
      const y = new Uint64().set(random.uint32(), random.uint32());
      const a = x.toBigInt();
      const b = y.toBigInt();
      const bits = 1 + (random.uint32() % 63);
      const wide = BigInt(bits);
      const fresh = (): Uint64 => new Uint64().copy(x);
      assert.equal(fresh().add(y.high, y.low).toBigInt(), (a + b) & WRAP);
      assert.equal(fresh().multiply(y.high, y.low).toBigInt(), (a * b) & WRAP);
      assert.equal(fresh().xor(y.high, y.low).toBigInt(), a ^ b);
      assert.equal(fresh().xorShiftRight(bits).toBigInt(), a ^ (a >> wide));
      if (bits !== 32) {
        assert.equal(fresh().rotateLeft(bits).toBigInt(), ((a << wide) | (a >> (64n - wide))) & WRAP);
      }
      const divisor = 1 + (random.uint32() % 5_000_011);
      assert.equal(x.modulo(divisor), Number(a % BigInt(divisor)));
      assert.equal(x.toHex(), a.toString(16).padStart(16, "0"));
    }
  });
});

describe("xxHash64", () => {
  it("gives what Envoy's own tests expect", () => {
    assert.equal(xxHash("foo"), 3728699739546630719n);
    assert.equal(xxHash("bar"), 5234164152756840025n);
    assert.equal(xxHash("foo\nbar"), 8917841378505826757n);
    assert.equal(xxHash("lyft"), 4400747396090729504n);
    assert.equal(xxHash(""), 17241709254077376921n);
  });

  it("goes on from a hash to the next text, as Envoy hashes a list of texts", () => {
    assert.equal(xxHash("bar", xxHash("foo")), 17745830980996999794n);
  });

  it("hashes more than 32 bytes by its four lanes", () => {
    // The bytes and the values of the xxHash project's own sanity check.
    const bytes = new Uint8Array(101);
    let generator = 2654435761;
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] = generator >>> 24;
      generator = Math.imul(generator, generator);
    }
    const text = Buffer.from(bytes).toString("latin1");
    const seed = 2654435761n;
    assert.equal(xxHash(text.slice(0, 1)), 0x4fce394cc88952d8n);
    assert.equal(xxHash(text.slice(0, 14)), 0xcffa8db881bc3a3dn);
    assert.equal(xxHash(text.slice(0, 14), seed), 0x5b9611585efcc9cbn);
    assert.equal(xxHash(text.slice(0, 32)), 0xaf5753d39159edeen);
    assert.equal(xxHash(text.slice(0, 32), seed), 0xdcab9233b8ca7b0fn);
    assert.equal(xxHash(text), 0x0eab543384f878adn);
    assert.equal(xxHash(text, seed), 0xcaa65939306f1e21n);
    assert.equal(xxHash("Nobody inspects the spammish repetition"), 0xfbcea83c8a378bf1n);
  });
});

describe("murmurHash2", () => {
  it("gives what Envoy's own tests expect", () => {
    const murmur = (text: string): bigint => murmurHash2(text, new Uint64()).toBigInt();
    assert.equal(murmur("foo"), 9631199822919835226n);
    assert.equal(murmur("bar"), 11474628671133349555n);
    assert.equal(murmur("foo\nbar"), 16306510975912980159n);
    assert.equal(murmur("lyft"), 12847078931730529320n);
    assert.equal(murmur(""), 6142509188972423790n);
  });
});
