import { hash } from 'node:crypto';

/** A server keeps every named statement until the connection ends: texts beyond these are sent unnamed. */
const maxNamedStatements = 500;

export type Column = { name: string; parse(text: string): unknown };

/** A statement as the server of one connection knows it. */
export type PreparedStatement = {
  readonly text: string;
  /** Empty for a statement that is parsed anew each time. */
  readonly name: string;
  /** `unsure`: an error came, and the server may have parsed it or not. */
  state: 'new' | 'parsed' | 'unsure';
  /** The columns of its rows; undefined until the server has described them. They never change while the server keeps the statement. */
  columns: readonly Column[] | undefined;
};

/** Names each text once, so that PostgreSQL parses and plans it once per connection. One for each connection. */
export class PreparedStatements {
  readonly #byText = new Map<string, PreparedStatement>();
  readonly #mayName: () => boolean;

  /** `mayName`: whether the statements of a connection stay on it. */
  constructor(mayName: () => boolean) {
    this.#mayName = mayName;
  }

  get(text: string): PreparedStatement {
    if (!this.#mayName()) return create(text, '');
    const known = this.#byText.get(text);
    if (known) return known;
    if (this.#byText.size >= maxNamedStatements) return create(text, '');
    const statement = create(text, hash('sha256', text, 'base64url'));
    this.#byText.set(text, statement);
    return statement;
  }
}

function create(text: string, name: string): PreparedStatement {
  return { text, name, state: 'new', columns: undefined };
}
