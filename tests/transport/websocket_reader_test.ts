// Frames of a server, each fed whole, byte by byte, and with more behind it.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { concat } from "@std/bytes";
import fc from "fast-check";
import { MqttError, ProtocolError } from "../../src/errors.ts";
import {
  FrameReader,
  type Side,
} from "../../src/transport/websocket_reader.ts";
import { bytes, closeFrame, frame, latin1 } from "./websocket_frames.ts";

/** What comes out of a reader: the payload, each ping, and the end. */
interface Read {
  readonly payload: string;
  readonly ping: string | undefined;
  readonly inMessage: boolean;
  readonly end:
    | readonly [closeCode: number, error: string | undefined]
    | undefined;
}

function read(pieces: Iterable<Uint8Array>, from?: Side): Read {
  const reader = new FrameReader(from);
  let payload = "";
  let ping: Uint8Array | undefined;
  for (const piece of pieces) {
    const size = reader.unwrap(piece);
    payload += text(piece.subarray(0, size));
    ping = reader.takePing() ?? ping;
  }
  const { end, inMessage } = reader;
  return {
    payload,
    ping: ping && text(ping),
    inMessage,
    end: end && [end.closeCode, end.error?.message],
  };
}

function text(data: Uint8Array): string {
  return Array.from(data, (byte) => String.fromCharCode(byte)).join("");
}

function* byteByByte(data: Uint8Array): Generator<Uint8Array> {
  for (const byte of data) yield Uint8Array.of(byte);
}

function hello(times: number): string {
  return "Hello".repeat(times).slice(0, times);
}

/** Frames, what they say, and whether the reader goes on behind them. */
interface Case {
  readonly name: string;
  readonly data: Uint8Array;
  readonly says: Partial<Read>;
}

const GOOD: readonly Case[] = [
  {
    name: "binary data in one frame",
    data: bytes("82 05 48 65 6c 6c 6f"),
    says: { payload: "Hello" },
  },
  {
    name: "an empty frame",
    data: bytes("82 00"),
    says: {},
  },
  {
    name: "a message in two fragments, as in RFC 6455, 5.7 but binary",
    data: bytes("02 03 48 65 6c   80 02 6c 6f"),
    says: { payload: "Hello" },
  },
  {
    name: "empty fragments",
    data: bytes("02 00   00 00   00 01 48   80 00"),
    says: { payload: "H" },
  },
  {
    name: "the unmasked ping of RFC 6455, 5.7",
    data: bytes("89 05 48 65 6c 6c 6f"),
    says: { ping: "Hello" },
  },
  {
    name: "a ping without payload",
    data: bytes("89 00"),
    says: { ping: "" },
  },
  {
    name: "a ping of 125 bytes",
    data: bytes("89 7d 61*125"),
    says: { ping: "a".repeat(125) },
  },
  {
    name: "a pong nobody asked for",
    data: bytes("8a 02 48 65"),
    says: {},
  },
  {
    name: "a ping between fragments",
    data: bytes("02 03 48 65 6c   89 01 21   80 02 6c 6f"),
    says: { payload: "Hello", ping: "!" },
  },
  {
    name: "256 bytes, as in RFC 6455, 5.7",
    data: concat([bytes("82 7e 01 00"), latin1(hello(256))]),
    says: { payload: hello(256) },
  },
  {
    name: "64 KiB, as in RFC 6455, 5.7",
    data: concat([bytes("82 7f 00*5 01 00 00"), latin1(hello(65_536))]),
    says: { payload: hello(65_536) },
  },
];

const NOTHING: Read = {
  payload: "",
  ping: undefined,
  inMessage: false,
  end: undefined,
};

for (const { name, data, says } of GOOD) {
  const expected = { ...NOTHING, ...says };
  Deno.test(`FrameReader reads ${name}: whole`, () => {
    assertEquals(read([data.slice()]), expected);
  });
  Deno.test(`FrameReader reads ${name}: byte by byte`, () => {
    assertEquals(read(byteByByte(data)), expected);
  });
  Deno.test(`FrameReader reads ${name}: with more behind it`, () => {
    assertEquals(read([concat([data, bytes("82 03 65 6e 64")])]), {
      ...expected,
      payload: `${expected.payload}end`,
    });
  });
}

/** Bytes that end the connection. */
interface Ending {
  readonly name: string;
  readonly data: Uint8Array;
  readonly closeCode: number;
  readonly error: string | undefined;
}

const ENDINGS: readonly Ending[] = [
  {
    name: "close 1000",
    data: bytes("88 02 03 e8"),
    closeCode: 1000,
    error: undefined,
  },
  {
    name: "close 1001 with a reason",
    data: closeFrame(1001, "bye"),
    closeCode: 1001,
    error: undefined,
  },
  {
    name: "close without a code",
    data: bytes("88 00"),
    closeCode: 1000,
    error: undefined,
  },
  {
    name: "close 1008",
    data: closeFrame(1008, "not you"),
    closeCode: 1008,
    error: 'the server closed the WebSocket: 1008 policy violation "not you"',
  },
  {
    name: "close 1002 without a reason",
    data: closeFrame(1002),
    closeCode: 1002,
    error: "the server closed the WebSocket: 1002 protocol error",
  },
  {
    name: "close with a code of an application",
    data: closeFrame(4001, "a\nb\x1b[2J"),
    closeCode: 4001,
    error: 'the server closed the WebSocket: 4001 "a\\nb\\u001b[2J"',
  },
  {
    name: "close with half a code",
    data: bytes("88 01 03"),
    closeCode: 1002,
    error: "a WebSocket close frame has one byte [RFC 6455, 5.5.1]",
  },
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535].map((code) => ({
    name: `close ${code}, which nobody may send`,
    data: closeFrame(code),
    closeCode: 1002,
    error: `a WebSocket close frame has the code ${code} [RFC 6455, 7.4]`,
  })),
  {
    name: "close with a reason that is not UTF-8",
    data: bytes("88 04 03 e8 c3 28"),
    closeCode: 1007,
    error: "the reason of a WebSocket close frame is not UTF-8 [RFC 6455, 8.1]",
  },
  {
    name: "the unmasked text of RFC 6455, 5.7",
    data: bytes("81 05 48 65 6c 6c 6f"),
    closeCode: 1003,
    error: "a WebSocket frame has text, not binary data [MQTT-6.0.0-1]",
  },
  {
    name: "a masked frame",
    data: bytes("82 85 37 fa 21 3d 7f 9f 4d 51 58"),
    closeCode: 1002,
    error: "a WebSocket frame of the server is masked [RFC 6455, 5.1]",
  },
  ...[0xc2, 0xa2, 0x92, 0xc9].map((first) => ({
    name: `a reserved bit in ${first.toString(16)}`,
    data: Uint8Array.of(first, 0),
    closeCode: 1002,
    error: "a WebSocket frame has a reserved bit [RFC 6455, 5.2]",
  })),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    name: `the opcode ${opcode}`,
    data: Uint8Array.of(0x80 | opcode, 0),
    closeCode: 1002,
    error: `a WebSocket frame has the opcode ${opcode} [RFC 6455, 5.2]`,
  })),
  ...[8, 9, 10].map((opcode) => ({
    name: `a fragment of the control frame ${opcode}`,
    data: Uint8Array.of(opcode, 0),
    closeCode: 1002,
    error: "a WebSocket control frame is fragmented [RFC 6455, 5.5]",
  })),
  ...[8, 9, 10].flatMap((opcode) =>
    [126, 127].map((length) => ({
      name: `a control frame ${opcode} with the length field ${length}`,
      data: Uint8Array.of(0x80 | opcode, length),
      closeCode: 1002,
      error:
        "a WebSocket control frame has more than 125 bytes [RFC 6455, 5.5]",
    }))
  ),
  {
    name: "a continuation of nothing",
    data: bytes("80 01 61"),
    closeCode: 1002,
    error: "a WebSocket frame continues no message [RFC 6455, 5.4]",
  },
  {
    name: "a message inside another",
    data: bytes("02 00   82 01 61"),
    closeCode: 1002,
    error: "a WebSocket message begins inside another [RFC 6455, 5.4]",
  },
  ...["82 7e 00 7d", "82 7e 00 00", "82 7f 00*6 ff ff", "82 7f 00*8"].map((
    header,
  ) => ({
    name: `a length not in its shortest form, ${header}`,
    data: bytes(header),
    closeCode: 1002,
    error:
      "the length of a WebSocket frame is not in its shortest form [RFC 6455, 5.2]",
  })),
  {
    name: "a length with its highest bit set",
    data: bytes("82 7f 80 00*7"),
    closeCode: 1002,
    error:
      "the length of a WebSocket frame has its highest bit set [RFC 6455, 5.2]",
  },
];

for (const { name, data, closeCode, error } of ENDINGS) {
  const expected = [closeCode, error] as const;
  Deno.test(`FrameReader ends at ${name}: whole`, () => {
    assertEquals(read([data.slice()]).end, expected);
  });
  Deno.test(`FrameReader ends at ${name}: byte by byte`, () => {
    assertEquals(read(byteByByte(data)).end, expected);
  });
  Deno.test(`FrameReader ends at ${name}: what came before is read, what comes after is not`, () => {
    const before = bytes("82 01 31");
    const after = bytes("82 01 32");
    const { payload, end } = read([concat([before, data, after])]);
    assertEquals(payload, "1");
    assertEquals(end, expected);
  });
}

Deno.test("FrameReader tells what the server has said from what it has broken", () => {
  const ending = (data: Uint8Array) => {
    const reader = new FrameReader();
    reader.unwrap(data);
    return reader.end?.error;
  };
  assertInstanceOf(ending(bytes("81 00")), ProtocolError);
  const said = ending(closeFrame(1011));
  assertInstanceOf(said, MqttError);
  assert(!(said instanceof ProtocolError));
});

Deno.test("FrameReader hands out what comes of a frame that is announced with 2^63 - 1 bytes", () => {
  const reader = new FrameReader();
  assertEquals(reader.unwrap(bytes("82 7f 7f ff*7")), 0);
  for (let i = 0; i < 100; i++) {
    const piece = Uint8Array.of(1, 2, 3);
    assertEquals(reader.unwrap(piece), 3);
    assertEquals(piece, Uint8Array.of(1, 2, 3));
  }
  assertEquals(reader.end, undefined);
  assert(reader.inMessage);
});

Deno.test("FrameReader keeps the latest ping alone", () => {
  const reader = new FrameReader();
  reader.unwrap(bytes("89 01 31   89 02 32 33   89 00   89 01 34"));
  assertEquals(reader.takePing(), latin1("4"));
  assertEquals(reader.takePing(), undefined);
});

for (
  const { name, data, inMessage } of [
    { name: "before anything", data: "", inMessage: false },
    { name: "after a byte of a header", data: "82", inMessage: true },
    { name: "after a part of the length", data: "82 7e 01", inMessage: true },
    { name: "in the payload", data: "82 02 61", inMessage: true },
    { name: "after a frame", data: "82 01 61", inMessage: false },
    { name: "between fragments", data: "02 01 61", inMessage: true },
    {
      name: "after the last fragment",
      data: "02 01 61 80 00",
      inMessage: false,
    },
    { name: "in a ping", data: "89 01", inMessage: true },
  ]
) {
  Deno.test(`FrameReader inMessage is ${inMessage} ${name}`, () => {
    assertEquals(read([bytes(data)]).inMessage, inMessage);
  });
}

/** A message in fragments, control frames wherever they may stand. */
const message = fc.array(
  fc.record({
    payload: fc.uint8Array({ maxLength: 300 }),
    ping: fc.option(fc.uint8Array({ maxLength: 125 }), { nil: undefined }),
    pong: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
);

Deno.test("FrameReader reads the same bytes however frames and pieces are cut, masked too", () => {
  fc.assert(fc.property(
    fc.array(message, { maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 50 }),
    fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }), {
      nil: undefined,
    }),
    (messages, sizes, mask) => {
      const masked = mask && { mask };
      const frames = messages.flatMap((fragments) =>
        fragments.flatMap(({ payload, ping, pong }, i) => [
          frame(i === 0 ? 2 : 0, payload, {
            fin: i === fragments.length - 1,
            ...masked,
          }),
          ...(ping === undefined ? [] : [frame(9, ping, masked)]),
          ...(pong ? [frame(10, new Uint8Array(3), masked)] : []),
        ])
      );
      const data = concat(frames);
      const pieces: Uint8Array[] = [];
      for (let at = 0, i = 0; at < data.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        pieces.push(data.slice(at, at + size));
        at += size;
      }
      const fragments = messages.flat();
      const ping = fragments.findLast(({ ping }) => ping !== undefined)?.ping;
      assertEquals(read(pieces, mask ? "client" : "server"), {
        payload: fragments.map(({ payload }) => text(payload)).join(""),
        ping: ping && text(ping),
        inMessage: false,
        end: undefined,
      });
    },
  ));
});

Deno.test("FrameReader ends where a client does not mask, an empty frame too", () => {
  for (const data of ["82 00", "82 01 61", "89 00", "88 00"]) {
    for (const pieces of [[bytes(data)], byteByByte(bytes(data))]) {
      assertEquals(read(pieces, "client"), {
        payload: "",
        ping: undefined,
        inMessage: true,
        end: [
          1002,
          "a WebSocket frame of the client is not masked [RFC 6455, 5.1]",
        ],
      });
    }
  }
});

Deno.test("FrameReader reads what a client says as it closes", () => {
  const reader = new FrameReader("client");
  // 1000 under the mask of RFC 6455, 5.7.
  reader.unwrap(bytes("88 82 37 fa 21 3d 34 12"));
  assertEquals(reader.end, { closeCode: 1000, error: undefined });
});
