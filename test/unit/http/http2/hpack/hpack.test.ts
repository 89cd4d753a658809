import assert from "node:assert/strict";
import http2 from "node:http2";
import net from "node:net";
import { describe, it } from "node:test";
import type { FieldProblem } from "../../../../../src/http/http2/hpack/dynamic-table.ts";
import { HpackDecoder } from "../../../../../src/http/http2/hpack/hpack-decoder.ts";
import { HpackEncoder } from "../../../../../src/http/http2/hpack/hpack-encoder.ts";
import { decodeHuffman, encodeHuffman, huffmanLength } from "../../../../../src/http/http2/hpack/huffman.ts";
import { STATIC_COUNT, STATIC_NAMES } from "../../../../../src/http/http2/hpack/static-table.ts";
import { SeededRandom } from "../../../../harness/seeded-random.ts";

/** Decodes a block given in hexadecimal; `name: value` lines, or null if it is broken. */
function decode(decoder: HpackDecoder, hex: string): string[] | null {
  const lines: string[] = [];
  const data = Buffer.from(hex.replaceAll(/\s/g, ""), "hex");
  const sink = {
    onField(name: string, value: string, problem: FieldProblem) {
      lines.push(`${name}: ${value}${problem === "" ? "" : ` (bad ${problem})`}`);
    },
  };
  return decoder.decode(data, 0, data.length, sink) ? lines : null;
}

/** Encodes `[name, value, …]`, pseudo-headers among them. */
function encode(encoder: HpackEncoder, fields: readonly string[]): Buffer {
  const room = HpackEncoder.roomFor(fields, 0, 0);
  const target = Buffer.alloc(room);
  encoder.begin(target, 0);
  for (let i = 0; i < fields.length; i += 2) encoder.field(fields[i]!, fields[i + 1]!);
  const length = encoder.end();
  assert.ok(length <= room, `${length} bytes are in room for ${room}`);
  return target.subarray(0, length);
}

const DATE_1 = "date: Mon, 21 Oct 2013 20:13:21 GMT";
const LOCATION = "location: https://www.example.com";
const COOKIE = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";

/** RFC 7541 appendix C: examples of one table each, the blocks in order with the size of the table behind them. */
const EXAMPLES: readonly {
  readonly name: string;
  readonly table?: number;
  readonly blocks: readonly (readonly [hex: string, lines: readonly string[], tableBytes: number])[];
}[] = [
  {
    name: "C.2.1 literal with indexing",
    blocks: [["400a637573746f6d2d6b65790d637573746f6d2d686561646572", ["custom-key: custom-header"], 55]],
  },
  { name: "C.2.2 literal without indexing", blocks: [["040c2f73616d706c652f70617468", [":path: /sample/path"], 0]] },
  { name: "C.2.3 literal never indexed", blocks: [["100870617373776f726406736563726574", ["password: secret"], 0]] },
  { name: "C.2.4 indexed", blocks: [["82", [":method: GET"], 0]] },
  ...[
    [
      "C.3 requests without Huffman",
      "828684410f7777772e6578616d706c652e636f6d",
      "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ],
    [
      "C.4 requests with Huffman",
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ],
  ].map(([name, first, second, third]) => ({
    name: name!,
    blocks: [
      [first!, [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"], 57],
      [
        second!,
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
        110,
      ],
      [
        third!,
        [
          ":method: GET",
          ":scheme: https",
          ":path: /index.html",
          ":authority: www.example.com",
          "custom-key: custom-value",
        ],
        164,
      ],
    ] as const,
  })),
  ...[
    [
      "C.5 responses without Huffman, with eviction",
      `4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54
       6e1768747470733a2f2f7777772e6578616d706c652e636f6d`,
      "4803333037c1c0bf",
      `88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d
       4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31`,
    ],
    [
      "C.6 responses with Huffman, with eviction",
      "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
      "4883640effc1c0bf",
      `88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960
       d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007`,
    ],
  ].map(([name, first, second, third]) => ({
    name: name!,
    table: 256,
    blocks: [
      [first!, [":status: 302", "cache-control: private", DATE_1, LOCATION], 222],
      [second!, [":status: 307", "cache-control: private", DATE_1, LOCATION], 222],
      [
        third!,
        [
          ":status: 200",
          "cache-control: private",
          "date: Mon, 21 Oct 2013 20:13:22 GMT",
          LOCATION,
          "content-encoding: gzip",
          COOKIE,
        ],
        215,
      ],
    ] as const,
  })),
];

describe("The examples of RFC 7541", () => {
  for (const { name, table, blocks } of EXAMPLES) {
    it(`are decoded: ${name}`, () => {
      const decoder = new HpackDecoder();
      if (table !== undefined) {
        decoder.setLimit(table);
        assert.deepEqual(decode(decoder, table === 256 ? "3fe101" : ""), []);
      }
      for (const [hex, lines, tableBytes] of blocks) {
        assert.deepEqual(decode(decoder, hex), lines);
        assert.equal(decoder.tableBytes, tableBytes);
      }
    });
  }

  it("are what the encoder writes, where it chooses the same form", () => {
    const encoder = new HpackEncoder(4096);
    const target = Buffer.alloc(64);
    encoder.begin(target, 0);
    encoder.staticField(2);
    encoder.staticField(6);
    encoder.staticField(4);
    encoder.field(":authority", "www.example.com");
    assert.equal(target.toString("hex", 0, encoder.end()), "828684418cf1e3c2e5f23a6ba0ab90f4ff");
  });
});

describe("The static table", () => {
  it("has 61 entries, the last of them www-authenticate", () => {
    assert.equal(STATIC_COUNT, 61);
    assert.equal(STATIC_NAMES[61], "www-authenticate");
    assert.equal(STATIC_NAMES[32], "cookie");
  });
});

describe("The Huffman code", () => {
  it("gives each byte back, alone and beside each other byte", () => {
    const target = Buffer.alloc(16);
    const decoded = Buffer.alloc(16);
    for (let a = 0; a < 256; a++) {
      for (let b = -1; b < 256; b++) {
        const text = String.fromCharCode(a) + (b < 0 ? "" : String.fromCharCode(b));
        const end = encodeHuffman(text, target, 0);
        assert.equal(end, huffmanLength(text));
        assert.equal(decoded.toString("latin1", 0, decodeHuffman(target, 0, end, decoded)), text);
      }
    }
  });

  for (const [what, hex] of [
    ["padding of eight ones", "1fff"],
    ["padding that is not all ones", "18"],
    ["the end-of-string symbol", "ffffffff"],
  ] as const) {
    it(`refuses ${what}`, () => {
      const data = Buffer.from(hex, "hex");
      assert.equal(decodeHuffman(data, 0, data.length, Buffer.alloc(16)), -1);
    });
  }
});

describe("The decoder of header blocks", () => {
  const broken: readonly (readonly [name: string, hex: string])[] = [
    ["index 0", "80"],
    ["an index behind the table", "be"],
    ["a name behind the table", "7e0161"],
    ["a string that is cut off", "400461"],
    ["a literal without its value", "400161"],
    ["a number that is cut off", "ff"],
    ["a number of more than 28 bits", "ffffffffff7f"],
    ["a table larger than allowed", "3fe21f"],
    ["a table size behind a field", "8220"],
    ["a Huffman string with too much padding", "4083ffffff0161"],
  ];
  for (const [name, hex] of broken) {
    it(`refuses ${name}`, () => assert.equal(decode(new HpackDecoder(), hex), null));
  }

  it("wants to hear that the table became smaller, once that was agreed", () => {
    const decoder = new HpackDecoder();
    decoder.setLimit(0);
    assert.equal(decode(decoder, "82"), null);
    const told = new HpackDecoder();
    told.setLimit(0);
    assert.deepEqual(decode(told, "2082"), [":method: GET"]);
  });

  it("says which names and values are no header's, and keeps saying so when they come again", () => {
    const decoder = new HpackDecoder();
    assert.deepEqual(decode(decoder, "4001410162bebf"), null);
    assert.deepEqual(decode(new HpackDecoder(), "400141 0162 be"), ["A: b (bad name)", "A: b (bad name)"]);
    assert.deepEqual(decode(new HpackDecoder(), "400161 030d0a62 be"), [
      "a: \r\nb (bad value)",
      "a: \r\nb (bad value)",
    ]);
    assert.deepEqual(decode(new HpackDecoder(), "00 00 00"), [":  (bad name)"]);
  });

  it("empties the table for a field that is larger", () => {
    const decoder = new HpackDecoder();
    assert.deepEqual(decode(decoder, "3f41 4001610162"), ["a: b"]);
    assert.equal(decoder.tableBytes, 34);
    assert.deepEqual(decode(decoder, `400161 7f11 ${"62".repeat(144)}`), [`a: ${"b".repeat(144)}`]);
    assert.equal(decoder.tableBytes, 0);
  });
});

describe("The encoder of header blocks", () => {
  it("sends what comes again as an index", () => {
    const encoder = new HpackEncoder(4096);
    const fields = ["server", "envoy", "x-custom", "one", "x-custom", "two"];
    encode(encoder, fields);
    assert.equal(encode(encoder, fields).toString("hex"), "c0bfbe");
  });

  it("keeps secrets and what never comes again out of the table", () => {
    const encoder = new HpackEncoder(4096);
    const fields = ["authorization", "Basic YTpi", "cookie", "a=b", "x-request-id", "17", "content-length", "5"];
    const first = encode(encoder, fields);
    assert.deepEqual(encode(encoder, fields), first);
    assert.equal(first[0], 0x1f, "never indexed");
  });

  it("announces a smaller table, and the smallest before it became larger again", () => {
    const encoder = new HpackEncoder(4096);
    encode(encoder, ["a", "b"]);
    encoder.setPeerLimit(0);
    encoder.setPeerLimit(128);
    assert.equal(encode(encoder, ["a", "b"]).toString("hex").slice(0, 6), "203f61");
    assert.equal(encode(encoder, ["a", "b"]).toString("hex"), "be");
  });
});

const NAMES = STATIC_NAMES.slice(15).filter((name) => name !== "host" && name !== "transfer-encoding");

/** Fields of all sorts: known names and values, and bytes of any kind that a header may hold. */
function randomFields(random: SeededRandom): string[] {
  const fields: string[] = [];
  for (let n = random.below(20); n > 0; n--) {
    const name = random.oneIn(3) ? random.pick(NAMES) : `x-${"abcdefgh".slice(0, 1 + random.below(8))}`;
    let value = "";
    for (let length = random.oneIn(20) ? random.below(6000) : random.below(40); length > 0; length--) {
      value += String.fromCharCode(random.oneIn(10) ? 0x80 + random.below(0x80) : 0x21 + random.below(0x5e));
    }
    fields.push(name, random.oneIn(3) ? random.pick(["gzip", "envoy", "application/json"]) : value);
  }
  return fields;
}

describe("Encoder and decoder", () => {
  it("understand each other through 2,000 blocks of random fields and changes of the table size", () => {
    const random = new SeededRandom(7541);
    const encoder = new HpackEncoder(8192);
    const decoder = new HpackDecoder();
    decoder.setLimit(8192);
    for (let i = 0; i < 2000; i++) {
      if (random.oneIn(10)) encoder.setPeerLimit(random.pick([0, 33, 100, 1000, 4096, 8192]));
      const fields = randomFields(random);
      const expected: string[] = [];
      for (let at = 0; at < fields.length; at += 2) expected.push(`${fields[at]}: ${fields[at + 1]}`);
      assert.deepEqual(decode(decoder, encode(encoder, fields).toString("hex")), expected);
    }
  });
});

const REPEATABLE = /^x-/;

/** Only what node:http2 lets through: no connection headers, each single-valued name once. */
function nodeFields(random: SeededRandom): Record<string, string> {
  const fields: Record<string, string> = {};
  const list = randomFields(random);
  for (let i = 0; i < list.length; i += 2) {
    if (REPEATABLE.test(list[i]!)) fields[list[i]!] = list[i + 1]!.replaceAll(/[\x80-\xff]/g, "~").slice(0, 3000);
  }
  return fields;
}

describe("node:http2 as the other side", () => {
  it("decodes what the encoder writes, and encodes what the decoder reads", async () => {
    const random = new SeededRandom(2);
    const blocks = Array.from({ length: 200 }, () => nodeFields(random));
    const server = http2.createServer();
    const got: Record<string, string>[] = [];
    server.on("stream", (stream: http2.ServerHttp2Stream, headers) => {
      const fields = Object.fromEntries(Object.entries(headers).filter(([name]) => REPEATABLE.test(name)));
      got.push(fields as Record<string, string>);
      stream.respond({ ":status": 200, ...fields }, { endStream: true });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const socket = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
    const answers: Record<string, string>[] = [];
    const decoder = new HpackDecoder();
    const finished = new Promise<void>((resolve, reject) => {
      let pending = Buffer.alloc(0);
      socket.on("error", reject);
      socket.on("data", (data: Buffer) => {
        pending = Buffer.concat([pending, data]);
        while (pending.length >= 9 && pending.length >= 9 + pending.readUIntBE(0, 3)) {
          const end = 9 + pending.readUIntBE(0, 3);
          if (pending[3] === 1) {
            const fields: Record<string, string> = {};
            const sink = { onField: (name: string, value: string) => Object.assign(fields, { [name]: value }) };
            assert.ok(decoder.decode(pending, 9, end, sink));
            answers.push(Object.fromEntries(Object.entries(fields).filter(([name]) => REPEATABLE.test(name))));
            if (answers.length === blocks.length) resolve();
          }
          pending = pending.subarray(end);
        }
      });
    });
    const encoder = new HpackEncoder(4096);
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");
    for (const [i, fields] of blocks.entries()) {
      const list = [":method", "GET", ":scheme", "http", ":path", `/${i}`, ":authority", "a"];
      for (const [name, value] of Object.entries(fields)) list.push(name, value);
      const block = encode(encoder, list);
      const head = Buffer.alloc(9);
      head.writeUIntBE(block.length, 0, 3);
      head[3] = 1;
      head[4] = 5;
      head.writeUInt32BE(1 + i * 2, 5);
      socket.write(Buffer.concat([head, block]));
    }
    await finished;
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(got, blocks);
    assert.deepEqual(answers, blocks);
  });
});
