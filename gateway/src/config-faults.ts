/** For `superRefine`: what a check of several variables adds its faults to. */
export type Issues = {
  readonly issues: readonly { path?: PropertyKey[] | undefined }[];
  addIssue(issue: { code: 'custom'; path: string[]; message: string }): void;
};

/** Adds a fault under the variable to change. */
export function reportFault(issues: Issues, variable: string, message: string): void {
  issues.addIssue({ code: 'custom', path: [variable], message });
}

/** Runs a check although other variables are faulty, so that all faults are reported at once, but not if one of these is. */
export function unlessFaulty(variables: readonly string[]) {
  return {
    when: ({ issues }: { issues: readonly { path?: PropertyKey[] | undefined }[] }) =>
      issues.every(({ path }) => !variables.includes(String(path?.[0]))),
  };
}
