/**
 * What a shell and the engine's process say to each other. Both wires carry it as data: a pipe under Node as JSON, which
 * sends `bytes` past it, and Electron's parent port. A screen's frames cross as the bytes that its socket
 * carries, so the shell never reads them; on the desktop a screen gets a port of its own and its frames do not pass here.
 */
import type { HttpAnswer, HttpRequest } from '#core/model/index.ts';
import type { PracticeState, PracticeWish } from '#core/practice/index.ts';

/** What the engine is to be started with; the rest of its options are made in its process. */
export interface EngineSettings {
  readonly dataDir: string;
  readonly configFile: string | undefined;
  readonly host: 'desktop' | 'web' | 'test';
  readonly version: string;
  readonly runbooksDir: string;
  /** After repeated crashes: the data can be read, and nothing new is taken in. */
  readonly safe: boolean;
}

export type ToEngine =
  | { readonly k: 'start'; readonly settings: EngineSettings }
  /** A screen connected; its number is never used again. */
  | { readonly k: 'open'; readonly peer: number }
  | { readonly k: 'bytes'; readonly peer: number; readonly bytes: Uint8Array }
  | { readonly k: 'gone'; readonly peer: number }
  /** A screen of the desktop; its MessagePort comes with this message. */
  | { readonly k: 'port' }
  | { readonly k: 'http'; readonly id: number; readonly request: Omit<HttpRequest, 'body' | 'signal'>; readonly bytes: Uint8Array }
  /** Whoever asked has left; no answer is awaited. */
  | { readonly k: 'http-gone'; readonly id: number }
  | { readonly k: 'html'; readonly id: number; readonly html: string }
  | { readonly k: 'no-html'; readonly id: number; readonly why: string }
  | { readonly k: 'practice'; readonly state: PracticeState }
  /** Where the app is reached from outside. */
  | { readonly k: 'address'; readonly url: string }
  | { readonly k: 'ping' }
  | { readonly k: 'stop' };

export type FromEngine =
  | { readonly k: 'up' }
  | { readonly k: 'pong' }
  /** It could not start, for a reason that a person can mend. */
  | { readonly k: 'failed'; readonly why: string }
  | { readonly k: 'bytes'; readonly peer: number; readonly bytes: Uint8Array }
  | { readonly k: 'hangup'; readonly peer: number }
  | { readonly k: 'answer'; readonly id: number; readonly answer: Omit<HttpAnswer, 'body'>; readonly bytes: Uint8Array }
  | { readonly k: 'render'; readonly id: number; readonly text: string }
  | { readonly k: 'practice'; readonly wish: PracticeWish };

/** The reader's questions and answers. */
export type ToReader = { readonly k: 'render'; readonly id: number; readonly text: string };
export type FromReader =
  | { readonly k: 'up' }
  | { readonly k: 'html'; readonly id: number; readonly html: string }
  | { readonly k: 'no-html'; readonly id: number; readonly why: string };
