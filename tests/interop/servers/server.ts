// What the scenarios know of a server, whichever it is.

/** A server that runs on loopback, for one run of the scenarios. Disposed, it has ended and left nothing. */
export interface Server extends AsyncDisposable {
  /** As its makers call it. */
  readonly name: string;
  /** As it says itself. */
  readonly version: string;
  /**
   * Where it lets in `alice` with the password `secret`, and if it can whoever names no user. Nobody may publish or
   * subscribe to `forbidden/#`, and everybody to anything else.
   */
  readonly url: string;
  /** What a client needs to be let in: nothing, where the server can do without. */
  readonly login: { readonly username?: string; readonly password?: string };
  /** The same over WebSocket; undefined where it has none. */
  readonly websocketUrl: string | undefined;
  /** Where it announces limits that are narrow; undefined where it cannot be told to. */
  readonly limitedUrl: string | undefined;
  /** Ends it in order, and starts it again where it was, with what it keeps on disk. */
  restart(): Promise<void>;
  /** The last of what it has logged. */
  log(): string;
}

/** A kind of server, and how to have one. */
export interface ServerKind {
  /** What `deno task interop` calls it. */
  readonly name: string;
  /** The Debian package that gives it; undefined where it comes with midge. */
  readonly package: string | undefined;
  /** Starts one; resolves with undefined where it is not installed. */
  start(): Promise<Server | undefined>;
}

/** The user who is known. */
export const ALICE = { username: "alice", password: "secret" } as const;

/** The first level of the topics that are nobody's. */
export const FORBIDDEN = "forbidden";

/** The first levels of the topics that are everybody's: those of the scenarios, and of replies to `request()`. */
export const ALLOWED = ["interop", "reply"] as const;
