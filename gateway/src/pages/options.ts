/** An account that the seed made, for one-click sign-in. Its password is public: development only. */
export type SeededAccount = {
  readonly email: string;
  readonly password: string;
  /** Which front door: `login` for `user`, `portalLogin` for `portal`. */
  readonly platform: 'user' | 'portal';
  /** Short, as on a button: `Ada`. */
  readonly label: string;
};

export type ExampleOperation = {
  readonly name: string;
  readonly document: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Beside Authorization, which the pages fill in themselves. */
  readonly headers?: Readonly<Record<string, string>>;
};

export type PagesOptions = {
  /** A path on the same origin, such as `/graphql`. */
  readonly graphqlPath: string;
  /** `GET /` shows Apollo Sandbox. */
  readonly sandbox: boolean;
  /** `GET /explorer` shows GraphiQL, with no network but this server. */
  readonly explorer: boolean;
  /** Empty outside development. */
  readonly accounts: readonly SeededAccount[];
  readonly exampleOperations: readonly ExampleOperation[];
};
