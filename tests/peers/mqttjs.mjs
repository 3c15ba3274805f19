// MQTT.js at both ends of a broker: it reads what to do as lines of JSON, and answers each with what came of it.
// It runs as a process of its own, since its timers and sockets are not those of a test.

// Computed: the lock file of this folder knows the package, the repository's own does not, and is not to.
const name = "mqtt";
const { default: mqtt } = await import(name);

/** A client that keeps what comes. */
async function connect({ url, protocolVersion }, options = {}) {
  const client = mqtt.connect(url, {
    protocolVersion,
    ...(protocolVersion === 3 ? { protocolId: "MQIsdp" } : {}),
    reconnectPeriod: 0,
    ...options,
  });
  const messages = [];
  let wake = () => {};
  client.on("message", (topic, payload, { qos, retain, properties }) => {
    messages.push({
      topic,
      text: `${payload}`,
      payload,
      qos,
      retain,
      properties,
    });
    wake();
  });
  const connack = await new Promise((resolve, reject) => {
    client.once("connect", resolve);
    client.once("error", reject);
    client.once("close", () => reject(new Error("closed")));
  });
  return {
    client,
    connack,
    publish: (...args) => client.publishAsync(...args),
    subscribe: (...args) => client.subscribeAsync(...args),
    /** Takes the next messages. */
    async take(count) {
      while (messages.length < count) {
        await new Promise((resolve) => wake = resolve);
      }
      return messages.splice(0, count);
    },
    end: () => client.endAsync(),
    /** Goes without DISCONNECT. */
    drop: () => client.stream.destroy(),
  };
}

function brief({ topic, text, qos, retain }) {
  return `${topic} ${qos} ${retain ? "retained " : ""}${text}`;
}

const SCENARIOS = {
  async qos(task) {
    const to = await connect(task);
    const from = await connect(task);
    const granted = await to.subscribe(`${task.topic}/#`, { qos: 2 });
    for (const qos of [0, 1, 2]) {
      await from.publish(`${task.topic}/${qos}`, `at ${qos}`, { qos });
    }
    const taken = await to.take(3);
    await Promise.all([to.end(), from.end()]);
    return { granted: granted.map(({ qos }) => qos), taken: taken.map(brief) };
  },

  async retained(task) {
    const client = await connect(task);
    await client.publish(task.topic, "kept", { qos: 1, retain: true });
    await client.subscribe(task.topic, { qos: 2 });
    const [kept] = await client.take(1);
    await client.publish(task.topic, "", { qos: 1, retain: true });
    await client.take(1);
    const later = await connect(task);
    await later.subscribe(task.topic, { qos: 2 });
    await client.publish(task.topic, "live", { qos: 1 });
    const [live] = await later.take(1);
    await Promise.all([client.end(), later.end()]);
    return { kept: brief(kept), live: brief(live) };
  },

  async will(task) {
    const watcher = await connect(task);
    await watcher.subscribe(`${task.topic}/#`, { qos: 2 });
    const will = (name, properties) => ({
      will: {
        topic: `${task.topic}/${name}`,
        payload: "gone",
        qos: 1,
        retain: true,
        ...(properties && { properties }),
      },
    });
    const leaving = await connect(task, will("none"));
    await leaving.end();
    if (task.protocolVersion === 5) {
      const late = {
        ...will("late", { willDelayInterval: 1 }),
        // A will waits no longer than its session is kept.
        properties: { sessionExpiryInterval: 60 },
      };
      (await connect(task, late)).drop();
    }
    (await connect(task, will("now"))).drop();
    const taken = await watcher.take(task.protocolVersion === 5 ? 2 : 1);
    await watcher.end();
    return taken.map(brief);
  },

  async shared(task) {
    const members = await Promise.all([connect(task), connect(task)]);
    for (const member of members) {
      await member.subscribe(`$share/group/${task.topic}`, { qos: 1 });
    }
    const counts = members.map(() => 0);
    const texts = [];
    const all = Promise.withResolvers();
    for (const [i, { client }] of members.entries()) {
      client.on("message", (_topic, payload) => {
        counts[i]++;
        if (texts.push(`${payload}`) === 20) all.resolve();
      });
    }
    const from = await connect(task);
    for (let i = 0; i < 20; i++) {
      await from.publish(task.topic, `${i}`, { qos: 1 });
    }
    await all.promise;
    await Promise.all([...members, from].map((each) => each.end()));
    return { counts, texts: texts.sort((a, b) => a - b) };
  },

  async resume(task) {
    const options = {
      clientId: `resume-${task.topic.replaceAll("/", "-")}`.slice(0, 23),
      clean: false,
      ...(task.protocolVersion === 5
        ? { properties: { sessionExpiryInterval: 60 } }
        : {}),
    };
    const first = await connect(task, options);
    await first.subscribe(task.topic, { qos: 2 });
    await first.end();
    const from = await connect(task);
    for (const [i, qos] of [2, 1, 2, 1].entries()) {
      await from.publish(task.topic, `${i}`, { qos });
    }
    const second = await connect(task, options);
    const taken = await second.take(4);
    await second.end();
    const third = await connect(task, { ...options, clean: true });
    await Promise.all([third.end(), from.end()]);
    return {
      present: [first, second, third].map(({ connack }) =>
        connack.sessionPresent
      ),
      // MQTT.js hands QoS 2 out when PUBREL has come: the order holds within a QoS.
      taken: taken.sort((a, b) => a.qos - b.qos).map(brief),
    };
  },

  async takeover(task) {
    const options = { clientId: `twin-${task.topic.slice(-12)}` };
    const first = await connect(task, options);
    const closed = new Promise((resolve) => {
      let reasonCode;
      first.client.on("disconnect", (packet) => reasonCode = packet.reasonCode);
      first.client.on("close", () => resolve(reasonCode ?? "closed"));
    });
    const second = await connect(task, options);
    const reasonCode = await closed;
    await second.subscribe(task.topic, { qos: 1 });
    await second.publish(task.topic, "alive", { qos: 1 });
    const taken = await second.take(1);
    await second.end();
    return { reasonCode, taken: taken.map(brief) };
  },

  async large(task) {
    const client = await connect(task);
    await client.subscribe(task.topic, { qos: 1 });
    const payload = Uint8Array.from(
      { length: 1 << 20 },
      (_, i) => i * 7 + (i >> 10),
    );
    await client.publish(task.topic, payload, { qos: 1 });
    const [message] = await client.take(1);
    await client.end();
    return message.payload.length === payload.length &&
      payload.every((byte, i) => byte === message.payload[i]);
  },

  async burst(task) {
    const to = await connect(task);
    const from = await connect(task);
    await to.subscribe(task.topic, { qos: 2 });
    const texts = Array.from({ length: 1_000 }, (_, i) => `${i}`);
    const orders = [];
    for (const qos of [0, 1, 2]) {
      const published = texts.map((text) =>
        from.publish(task.topic, text, { qos })
      );
      const taken = await to.take(texts.length);
      await Promise.all(published);
      orders.push(taken.every(({ text }, i) => text === texts[i]));
    }
    await Promise.all([to.end(), from.end()]);
    return orders;
  },

  async unsubscribe(task) {
    const client = await connect(task);
    await client.subscribe([task.topic, `${task.topic}/marker`], { qos: 1 });
    await client.client.unsubscribeAsync(task.topic);
    await client.publish(task.topic, "unheard", { qos: 1 });
    await client.publish(`${task.topic}/marker`, "heard", { qos: 1 });
    const taken = await client.take(1);
    await client.end();
    return taken.map(brief);
  },

  async properties(task) {
    const client = await connect(task);
    await client.subscribe(task.topic, {
      qos: 1,
      properties: { subscriptionIdentifier: 7 },
    });
    await client.publish(task.topic, "{}", {
      qos: 1,
      properties: {
        payloadFormatIndicator: true,
        messageExpiryInterval: 600,
        contentType: "application/json",
        responseTopic: "reply",
        correlationData: "7",
        userProperties: { a: ["1", "2"], b: "3" },
      },
    });
    const [{ properties }] = await client.take(1);
    await client.end();
    return { ...properties, correlationData: `${properties.correlationData}` };
  },

  async options(task) {
    const client = await connect(task);
    await client.publish(task.topic, "kept", { qos: 1, retain: true });
    await client.subscribe(task.topic, { qos: 1, nl: true, rap: true, rh: 2 });
    await client.publish(task.topic, "own", { qos: 1, retain: true });
    const other = await connect(task);
    await other.publish(task.topic, "foreign", { qos: 1, retain: true });
    const taken = await client.take(1);
    await Promise.all([client.end(), other.end()]);
    return taken.map(brief);
  },

  async aliases(task) {
    const to = await connect(task, { properties: { topicAliasMaximum: 5 } });
    const from = await connect(task, { autoAssignTopicAlias: true });
    await to.subscribe(`${task.topic}/+`, { qos: 1 });
    for (let i = 0; i < 9; i++) {
      await from.publish(`${task.topic}/${i % 3}`, `${i}`, { qos: 1 });
    }
    const taken = await to.take(9);
    await Promise.all([to.end(), from.end()]);
    return taken.map(brief);
  },

  async narrow(task) {
    const client = await connect(task, {
      properties: { receiveMaximum: 1, maximumPacketSize: 100 },
    });
    await client.subscribe(task.topic, { qos: 2 });
    const from = await connect(task);
    await from.publish(task.topic, "x".repeat(100), { qos: 1 });
    for (let i = 0; i < 10; i++) {
      await from.publish(task.topic, `${i}`, { qos: 2 });
    }
    const taken = await client.take(10);
    await Promise.all([client.end(), from.end()]);
    return taken.map(({ text }) => text).join("");
  },

  async refused(task) {
    const error = await connect(task, { username: "alice", password: "wrong" })
      .then(() => undefined, (error) => error);
    return error?.code;
  },
};

const decoder = new TextDecoderStream();
let rest = "";
for await (const part of Deno.stdin.readable.pipeThrough(decoder)) {
  const lines = (rest + part).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) {
    const { scenario, task } = JSON.parse(line);
    const answer = await SCENARIOS[scenario](task).then(
      (result) => ({ result }),
      (error) => ({ error: `${error?.stack ?? error}` }),
    );
    console.log(JSON.stringify(answer));
  }
}
Deno.exit();
