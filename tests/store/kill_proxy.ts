// A way to a server on loopback that tells when a certain packet comes by, before it goes on or right after.

/** Which packet it is. */
export interface Trigger {
  readonly direction: "to-server" | "to-client";
  /** The first four bits of the packet, its MQTT Control Packet type (2.1.2). */
  readonly type: number;
  /** The how many-th of its type. */
  readonly count: number;
  /** Whether the packet itself still goes through; nothing behind it does. */
  readonly passes: boolean;
}

/** A running proxy. */
export interface KillProxy extends Disposable {
  readonly port: number;
  /** Looks for a packet on the connections that come: `onTrigger` is called when it comes by, and all end. */
  arm(trigger: Trigger, onTrigger: () => void): void;
}

/** Is told of each packet that comes by, before anything is done with it. */
export type Witness = (
  direction: Trigger["direction"],
  packet: Uint8Array,
) => void;

/** Listens on a free port. */
export function startKillProxy(
  serverPort: number,
  witness: Witness = () => {},
): KillProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let trigger: Trigger | undefined;
  let onTrigger = () => {};
  const open = new Set<Deno.Conn>();
  const end = () => {
    for (const connection of open) connection.close();
    open.clear();
  };
  void (async () => {
    for await (const client of listener) {
      const server = await Deno.connect({
        hostname: "127.0.0.1",
        port: serverPort,
      });
      for (const each of [client, server]) {
        each.setNoDelay(true);
        open.add(each);
      }
      void forward(client, server, "to-server").catch(end);
      void forward(server, client, "to-client").catch(end);
    }
  })();

  async function forward(
    from: Deno.Conn,
    to: Deno.Conn,
    direction: Trigger["direction"],
  ): Promise<void> {
    let seen = 0;
    let rest = new Uint8Array(0);
    const block = new Uint8Array(65_536);
    for (;;) {
      const size = await from.read(block);
      if (size === null) return end();
      const bytes = new Uint8Array([...rest, ...block.subarray(0, size)]);
      let start = 0;
      for (
        let next = endOfPacket(bytes, start);
        next !== undefined;
        next = endOfPacket(bytes, start)
      ) {
        const type = (bytes[start] ?? 0) >> 4;
        const isIt = direction === trigger?.direction &&
          type === trigger.type && ++seen === trigger.count;
        const packet = bytes.subarray(start, next);
        witness(direction, packet);
        if (!isIt || trigger?.passes) await writeAll(to, packet);
        start = next;
        if (!isIt) continue;
        trigger = undefined;
        onTrigger();
        return end();
      }
      rest = bytes.slice(start);
    }
  }

  return {
    port: listener.addr.port,
    arm(nextTrigger, nextOnTrigger) {
      trigger = nextTrigger;
      onTrigger = nextOnTrigger;
    },
    [Symbol.dispose]() {
      end();
      listener.close();
    },
  };
}

/** Where the packet ends that begins at `start`; undefined where it is not whole (2.1.4). */
function endOfPacket(bytes: Uint8Array, start: number): number | undefined {
  let length = 0;
  for (let index = 1; index <= 4; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** (index - 1);
    if (byte >= 0x80) continue;
    const end = start + index + 1 + length;
    return end <= bytes.length ? end : undefined;
  }
  throw new Error("This is no MQTT");
}

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await to.write(bytes.subarray(written));
  }
}
