import { Readable } from 'node:stream';
import pg from 'pg';

export type BaseBackup = {
  /** All files of the data folder with the WAL that makes them consistent, as a tar archive. Ends with an error where the server gives up. */
  archive: Readable;
  /** The server's list of these files with their sizes and SHA-256. Resolves once the archive has ended. */
  manifest: Promise<Buffer>;
  /** Gives up what has not ended. */
  close(): Promise<void>;
};

const command = `BASE_BACKUP (LABEL 'signet', CHECKPOINT 'fast', WAL true, MANIFEST 'yes', MANIFEST_CHECKSUMS 'SHA256')`;

/** The first byte of a CopyData message in an answer to BASE_BACKUP (PostgreSQL's manual, "Streaming Replication Protocol"). */
const kinds = { archive: 0x6e, manifest: 0x6d, data: 0x64, progress: 0x70 };

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
  client.on('error', (error) => copy.archive.destroy(error));
  const copy = new CopyOut();
  await client.connect();
  // It submits itself; the types know only their own kinds of queries.
  client.query(copy as unknown as pg.Submittable);
  copy.manifest.catch(() => {}); // Whoever reads the archive gets the error first.
  return { archive: copy.archive, manifest: copy.manifest, close: () => client.end() };
}

type Connection = { query(text: string): void; stream: { pause(): void; resume(): void } };

/** A query of `pg` that hands on what the server copies out, and takes no more than is read. */
class CopyOut {
  readonly archive: Readable;
  readonly manifest: Promise<Buffer>;
  readonly #manifestParts: Buffer[] = [];
  #endManifest: (error?: Error) => void = () => {};
  #isManifest = false;
  #connection: Connection | undefined;

  constructor() {
    this.archive = new Readable({ read: () => this.#connection?.stream.resume() });
    this.manifest = new Promise((resolve, reject) => {
      this.#endManifest = (error) => (error ? reject(error) : resolve(Buffer.concat(this.#manifestParts)));
    });
    this.archive.on('close', () => {
      // Nobody reads on: what is still on its way must not stop the connection's end.
      this.#connection?.stream.resume();
    });
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    connection.query(command);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    switch (chunk[0]) {
      case kinds.manifest:
        this.#isManifest = true;
        break;
      case kinds.data: {
        // The connection uses its buffer again.
        const data = Buffer.from(chunk.subarray(1));
        if (this.#isManifest) this.#manifestParts.push(data);
        else if (!this.archive.push(data) && !this.archive.destroyed) this.#connection?.stream.pause();
        break;
      }
    }
  }

  handleReadyForQuery(): void {
    this.#endManifest();
    this.archive.push(null);
  }

  handleError(error: Error): void {
    this.#endManifest(error);
    this.archive.destroy(error);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}
}
