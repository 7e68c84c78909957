// Written by `make contract` from the event types of the service. Do not edit.
//
//   import { io, type Socket } from "socket.io-client";
//   const socket: Socket<ChatServerToClientEvents, ChatClientToServerEvents> =
//     io("/chat", { transports: ["websocket"], auth: { token } });

export type RefusalCode =
  | "invalid_payload"
  | "unknown_event"
  | "forbidden"
  | "not_in_room"
  | "rate_limited"
  | "overloaded"
  | "too_large"
  | "draining"
  | "internal";

export type ConnectRefusalCode =
  | "token_missing"
  | "token_invalid"
  | "token_expired"
  | "token_revoked"
  | "forbidden"
  | "rate_limited"
  | "too_many_connections"
  | "draining"
  | "wrong_serializer";

/** `data` of the error that a refused connection gets. Times are in seconds. */
export interface ConnectRefusal {
  code: ConnectRefusalCode;
  retry_after?: number;
}

/** The acknowledgement of an event that was not carried out. */
export interface Refusal {
  ok: false;
  error: {
    code: RefusalCode;
    message: string;
    retry_after?: number;
    request_id: string;
  };
}

export interface Join {
  /** Room name. */
  room: string;
  since?: Position | null;
}

/** A place in a room's message log. Offsets count up by one within an epoch. */
export interface Position {
  epoch: string;
  offset: number;
}

export interface Leave {
  /** Room name. */
  room: string;
}

export interface SendMessage {
  /** Room name. */
  room: string;
  text: string;
  /** Idempotency key, chosen by the client. */
  id: string;
}

export interface TokenRefresh {
  token: string;
}

/** `since`: the client has what came until then; the snapshot holds only what is newer. */
export interface Subscribe {
  symbols: string[];
  since?: string | null;
}

export interface Unsubscribe {
  symbols: string[];
}

/** `recovered`: `messages` are all that followed `since`; else they are the latest. */
export interface Joined {
  room: string;
  epoch: string;
  offset: number;
  recovered: boolean;
  messages: Message[];
  members: string[];
  ok: true;
}

/** A chat message as it is stored and delivered. */
export interface Message {
  room: string;
  id: string;
  offset: number;
  epoch: string;
  /** Subject of a token. */
  user: string;
  text: string;
  /** ISO 8601 time. */
  sent_at: string;
}

export interface Left {
  room: string;
  ok: true;
}

export interface Sent {
  id: string;
  offset: number;
  duplicate: boolean;
  ok: true;
}

export interface TokenRefreshed {
  /** ISO 8601 time. */
  expires_at: string;
  ok: true;
}

export interface PresenceChange {
  room: string;
  joined: string[];
  left: string[];
}

/** `expires_in` is in seconds. */
export interface TokenExpiring {
  expires_in: number;
}

/** `retry_in` is in seconds and differs from client to client, to spread their return. */
export interface ServerDraining {
  retry_in: number;
}

/** `snapshot`: the latest tick of each symbol that has any; `ticks` go on from there. */
export interface Subscribed {
  snapshot: Tick[];
  ok: true;
}

/** `at`: with a time zone. */
export interface Tick {
  symbol: string;
  price: number;
  /** ISO 8601 time. */
  at: string;
}

/** Nothing more comes of these symbols. */
export interface Unsubscribed {
  ok: true;
}

/** Of one symbol, in the order they came. */
export interface Ticks {
  ticks: Tick[];
}

/** What a client sends to /chat, each with its acknowledgement. */
export interface ChatClientToServerEvents {
  /** Enter a room, and catch up from where you were. */
  join: (payload: Join, ack: (reply: Joined | Refusal) => void) => void;
  /** Leave a room. */
  leave: (payload: Leave, ack: (reply: Left | Refusal) => void) => void;
  /** Say something in a room you joined. */
  message: (payload: SendMessage, ack: (reply: Sent | Refusal) => void) => void;
  /** Go on with a newer token. */
  token_refresh: (payload: TokenRefresh, ack: (reply: TokenRefreshed | Refusal) => void) => void;
}

/** What /chat sends to a client. */
export interface ChatServerToClientEvents {
  /** A message in a room you joined. */
  message: (event: Message) => void;
  /** Who came to and who left a room you joined. */
  presence: (event: PresenceChange) => void;
  /** The token ends soon; refresh it. */
  token_expiring: (event: TokenExpiring) => void;
  /** This worker stops; come back later. */
  server_draining: (event: ServerDraining) => void;
}

/** What a client sends to /feed, each with its acknowledgement. */
export interface FeedClientToServerEvents {
  /** Get the ticks of symbols from now on. */
  subscribe: (payload: Subscribe, ack: (reply: Subscribed | Refusal) => void) => void;
  /** Get them no longer. */
  unsubscribe: (payload: Unsubscribe, ack: (reply: Unsubscribed | Refusal) => void) => void;
  /** Go on with a newer token. */
  token_refresh: (payload: TokenRefresh, ack: (reply: TokenRefreshed | Refusal) => void) => void;
}

/** What /feed sends to a client. */
export interface FeedServerToClientEvents {
  /** News of a symbol. */
  ticks: (event: Ticks) => void;
  /** The token ends soon; refresh it. */
  token_expiring: (event: TokenExpiring) => void;
  /** This worker stops; come back later. */
  server_draining: (event: ServerDraining) => void;
}
