import pg from 'pg';

export type BaseBackup = {
  /** All files of the data folder with the WAL that makes them consistent, as a tar archive. It fails where the server gives up. */
  archive: ReadableStream<Bytes>;
  /** The server's list of these files with their sizes and SHA-256; resolves once the archive has ended. */
  manifest: Promise<Buffer>;
  /** What the server or the connection failed with. */
  failure(): Error | undefined;
  /** Gives up what has not ended. */
  close(): Promise<void>;
};

type Bytes = Uint8Array<ArrayBuffer>;

const command = `BASE_BACKUP (LABEL 'signet', CHECKPOINT 'fast', WAL true, MANIFEST 'yes', MANIFEST_CHECKSUMS 'SHA256')`;

/** The first byte of a CopyData message in an answer to BASE_BACKUP (PostgreSQL's manual, "Streaming Replication Protocol"). */
const kinds = { manifest: 0x6d, data: 0x64 };
/** The connection is read on while no more than this waits. */
const bufferedBytes = 1_000_000;

/**
 * Asks a running server for a copy of itself, as pg_basebackup does. Others go on writing meanwhile: the copy is of the moment at which it
 * ends. `adminUrl` is a superuser's, straight to the server.
 */
export async function openBaseBackup(adminUrl: string): Promise<BaseBackup> {
  const client = new pg.Client({
    connectionString: adminUrl,
    application_name: 'signet backup',
    replication: 'true',
  } as pg.ClientConfig);
  const copy = new CopyOut();
  client.on('error', (error) => copy.handleError(error));
  await client.connect();
  client.query(copy as unknown as pg.Submittable);
  return {
    archive: copy.archive,
    manifest: copy.manifest,
    failure: () => copy.failure,
    close: () => client.end(),
  };
}

type Connection = { query(text: string): void; stream: { pause(): void; resume(): void } };

/** A query of `pg` that passes on what the server copies out, as fast as it is read. */
class CopyOut {
  readonly archive: ReadableStream<Bytes>;
  readonly manifest: Promise<Buffer>;
  failure: Error | undefined;
  readonly #manifestParts: Buffer[] = [];
  readonly #endManifest: (error?: Error) => void;
  #isManifest = false;
  #connection: Connection | undefined;
  /** Undefined once the archive has ended, or nobody reads it any more. */
  #controller: ReadableStreamDefaultController<Bytes> | undefined;

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.manifest = promise;
    promise.catch(() => {}); // Who reads the archive gets the same error.
    this.#endManifest = (error) => (error ? reject(error) : resolve(Buffer.concat(this.#manifestParts)));
    this.archive = new ReadableStream<Bytes>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#connection?.stream.resume(),
        cancel: () => {
          this.#controller = undefined;
          this.#connection?.stream.resume();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: bufferedBytes }),
    );
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    connection.query(command);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    if (chunk[0] === kinds.manifest) this.#isManifest = true;
    if (chunk[0] !== kinds.data) return;
    // A copy: the connection uses its buffer again.
    const data = Buffer.from(chunk.subarray(1));
    if (this.#isManifest) this.#manifestParts.push(data);
    else this.#controller?.enqueue(data);
    if ((this.#controller?.desiredSize ?? 1) <= 0) this.#connection?.stream.pause();
  }

  handleReadyForQuery(): void {
    this.#endManifest();
    this.#controller?.close();
    this.#controller = undefined;
  }

  handleError(error: Error): void {
    this.failure ??= error;
    this.#endManifest(error);
    this.#controller?.error(error);
    this.#controller = undefined;
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}
}
