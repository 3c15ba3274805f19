// What a command does about each kind of loss, with a server that answers as the test wants it.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Packet, PublishPacket } from "../../src/codec/packet.ts";
import { type Answer, listen, type Peer } from "./peer.ts";
import { type Ended, Midge, midge } from "./process.ts";
import { StoreFile } from "./stored.ts";

const CONNACK = [0x20, 0x03, 0x00, 0x00, 0x00];
const CONNACK_PRESENT = [0x20, 0x03, 0x01, 0x00, 0x00];
const PUBACK = [0x40, 0x02, 0x00, 0x01];

/** `Deno.test` that does not wait for ever for what a process does. */
function processTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, timeout: 30_000 });
}

/** SUBACK with one Reason Code. */
function suback(packet: Packet, reasonCode: number): number[] {
  assert(packet.type === "subscribe");
  const { packetId } = packet;
  return [0x90, 0x04, packetId >> 8, packetId & 0xff, 0x00, reasonCode];
}

/** Answers each packet, told which connection it comes on: 1 is the first. */
function serve(answer: (packet: Packet, connection: number) => Answer): Peer {
  let connections = 0;
  return listen((packet) => {
    if (packet.type === "connect") connections++;
    return answer(packet, connections);
  });
}

/** How a command has ended at such a server, without the times on stderr, and with `PORT` in place of its port. */
async function endedAt(
  peer: Peer,
  args: readonly string[],
  stdin?: string,
): Promise<Pick<Ended, "code" | "stderr">> {
  const { code, stderr } = await midge(
    [...args, "-p", `${peer.port}`],
    stdin === undefined ? {} : { stdin },
  );
  return {
    code,
    stderr: stderr.replaceAll(`${peer.port}`, "PORT")
      .replace(/\d+\.\d s/g, "TIME"),
  };
}

const LOST = "the connection to localhost:PORT was lost: the server closed it";

processTest(
  "publish --reconnect sends its message again, with DUP, where the connection is lost before PUBACK",
  async () => {
    const published: PublishPacket[] = [];
    await using peer = serve((packet, connection) => {
      if (packet.type === "connect") {
        return connection === 1 ? CONNACK : CONNACK_PRESENT;
      }
      if (packet.type !== "publish") return undefined;
      published.push(packet);
      return connection === 1 ? "close" : PUBACK;
    });
    const publish = ["publish", "-t", "a", "-m", "b", "-q", "1", "--reconnect"];
    assertEquals(await endedAt(peer, publish), {
      code: 0,
      stderr: `midge: ${LOST}; retry 1 in TIME\n` +
        "midge: back after TIME: session resumed\n",
    });
    assertEquals(published.map(({ dup }) => dup), [false, true]);
  },
);

processTest(
  "publish -l at QoS 0 keeps what comes while the server is away until it is back",
  async () => {
    const back = Promise.withResolvers<void>();
    const texts: string[] = [];
    await using peer = serve((packet, connection) => {
      if (packet.type === "connect") {
        if (connection === 2) back.resolve();
        return CONNACK;
      }
      if (packet.type !== "publish") return undefined;
      texts.push(new TextDecoder().decode(packet.payload));
      return connection === 1 ? "close" : undefined;
    });
    await using publisher = new Midge(
      ["publish", "-t", "a", "-l", "-p", `${peer.port}`],
      { stdin: "piped" },
    );
    await publisher.write("one\n");
    await publisher.stderr.until("was lost");
    await publisher.write("two\nthree");
    await publisher.closeStdin();
    await back.promise;
    assertEquals((await publisher.ended()).code, 0);
    assertEquals(texts, ["one", "two", "three"]);
  },
);

processTest(
  "publish -l goes on behind messages that may be lost, tells them in one line, and ends with 7",
  async () => {
    const texts: string[] = [];
    await using peer = serve((packet, connection) => {
      if (packet.type === "connect") return CONNACK;
      if (packet.type !== "publish") return undefined;
      texts.push(new TextDecoder().decode(packet.payload));
      if (connection === 1) return texts.length < 3 ? undefined : "close";
      return [0x40, 0x02, 0x00, packet.packetId];
    });
    const jsonl = [2, 2, 1].map((qos, number) =>
      JSON.stringify({ topic: "a", qos, payload: `${number}` })
    );
    const publish = ["publish", "--jsonl"];
    assertEquals(await endedAt(peer, publish, jsonl.join("\n")), {
      code: 7,
      stderr: `midge: ${LOST}; retry 1 in TIME\n` +
        "midge: back after TIME: a new session\n" +
        "midge: the server has lost the session with 3 messages in flight: " +
        "1 sent again may arrive twice, 2 may not have arrived\n" +
        'midge: cannot publish to "a": the server has lost the session in which it was sent; and 1 more\n',
    });
    assertEquals(texts.at(-1), "2");
  },
);

processTest(
  "publish -l ends with the first message that is refused",
  async () => {
    await using peer = serve((packet) =>
      packet.type === "connect"
        ? CONNACK
        : packet.type === "publish"
        ? [0x50, 0x03, 0x00, packet.packetId, 0x97]
        : undefined
    );
    assertEquals(
      await endedAt(peer, ["publish", "-t", "a", "-l", "-q", "2"], "x"),
      {
        code: 151,
        stderr:
          'midge: cannot publish to "a": the server refused it, quota exceeded (151)\n',
      },
    );
  },
);

processTest(
  "publish -l --no-reconnect ends with the first loss, in one line",
  async () => {
    await using peer = serve(({ type }) =>
      type === "connect" ? CONNACK : "close"
    );
    const publish = ["publish", "-t", "a", "-l", "-q", "1", "--no-reconnect"];
    assertEquals(await endedAt(peer, publish, "x\ny\n"), {
      code: 7,
      stderr: `midge: ${LOST}\n`,
    });
  },
);

processTest(
  "subscribe ends with the Reason Code where the server, come back, refuses its last filter",
  async () => {
    for (
      const [args, note] of [
        [["subscribe", "-t", "a"], ""],
        [
          ["test", "-s", "a"],
          "midge: publishing to test/1; ends when quit is published to a\n",
        ],
      ] as const
    ) {
      await using peer = serve((packet, connection) => {
        if (packet.type === "connect") return CONNACK;
        if (packet.type !== "subscribe") return undefined;
        if (connection === 2) return suback(packet, 0x87);
        return { last: suback(packet, 0x00) };
      });
      assertEquals(await endedAt(peer, args), {
        code: 135,
        stderr: `${note}midge: ${LOST}; retry 1 in TIME\n` +
          "midge: back after TIME: a new session, 1 filter restored\n" +
          'midge: cannot subscribe to "a" again: the server refused, not authorized (135)\n',
      });
    }
  },
);

processTest(
  "subscribe goes on with the filters that the server, come back, does not refuse",
  async () => {
    let asked = 0;
    await using peer = serve((packet, connection) => {
      if (packet.type === "connect") return CONNACK;
      if (packet.type !== "subscribe") return undefined;
      asked++;
      if (connection === 1) {
        const answer = suback(packet, 0x00);
        return asked === 1 ? answer : { last: answer };
      }
      const { packetId, subscriptions } = packet;
      return [
        ...[0x90, 0x03 + subscriptions.length, packetId >> 8, packetId, 0x00],
        ...subscriptions.map(({ topicFilter }) =>
          topicFilter === "a" ? 0x87 : 0x00
        ),
        // A message to "b".
        ...[0x30, 0x05, 0x00, 0x01, 0x62, 0x00, 0x78],
      ];
    });
    const { code, stdout, stderr } = await midge([
      ...["subscribe", "-t", "a", "-t", "b", "-1", "-p", `${peer.port}`],
    ]);
    assertEquals({ code, stdout }, { code: 0, stdout: "x\n" });
    assertMatch(
      stderr,
      /2 filters restored\nmidge: cannot subscribe to "a" again: .* \(135\)\n$/,
    );
  },
);

processTest(
  "subscribe does not come back where another client took over its session",
  async () => {
    await using peer = serve((packet) =>
      packet.type === "connect"
        ? CONNACK
        : packet.type === "subscribe"
        ? [...suback(packet, 0x00), 0xe0, 0x01, 0x8e]
        : undefined
    );
    assertEquals(await endedAt(peer, ["subscribe", "-t", "a"]), {
      code: 142,
      stderr:
        "midge: the connection to localhost:PORT was lost: the server ended it, session taken over (142)\n",
    });
  },
);

processTest(
  "subscribe tells that it flaps, and what may be the cause",
  async () => {
    await using peer = serve((packet) =>
      packet.type === "connect"
        ? CONNACK
        : packet.type === "subscribe"
        ? { last: suback(packet, 0x00) }
        : undefined
    );
    await using subscriber = new Midge([
      ...["subscribe", "-t", "a", "-p", `${peer.port}`],
    ]);
    const stderr = await subscriber.stderr.until("Check -i\n");
    assertEquals(stderr.split(" was lost: ").length - 1, 3);
  },
);

processTest(
  "--reconnect is not for the first connection, which fails at once",
  async () => {
    const port = freePort();
    const { code, stderr } = await midge([
      ...["subscribe", "-t", "a", "--reconnect", "-p", `${port}`],
    ]);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^midge: cannot connect to .*: connection refused\..*\n$/,
    );
  },
);

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

processTest(
  "publish -l tells why the connection was lost for good, and ends with that, with a store as without one",
  async () => {
    await using file = new StoreFile();
    const publish = ["publish", "-t", "a", "-l", "-q", "1", "--reconnect=1"];
    for (const args of [publish, [...publish, "--store", file.path]]) {
      await using peer = serve((packet, connection) => {
        if (packet.type === "publish") return "close";
        if (packet.type !== "connect") return undefined;
        return connection === 1 ? CONNACK : [0x20, 0x03, 0x00, 0x87, 0x00];
      });
      assertEquals(await endedAt(peer, args, "one\ntwo\n"), {
        code: 135,
        stderr: `midge: ${LOST}; retry 1 in TIME\n` +
          "midge: the connection was lost for good: cannot connect to localhost:PORT: the server refused the connection, not authorized (135)\n",
      });
    }
  },
);
