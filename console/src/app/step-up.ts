/** The dialog that is open for a recent sign-in, if any: the client asks for it, the dialog answers. */
type Asked = { answer(isDone: boolean): void };

let asked: Asked | undefined;
const listeners = new Set<() => void>();

function change(next: Asked | undefined): void {
  asked = next;
  for (const listener of listeners) listener();
}

/** Opens the dialog. Resolves to whether the person has proved who they are. */
export function askForStepUp(): Promise<boolean> {
  return new Promise((resolve) => {
    change({
      answer(isDone) {
        change(undefined);
        resolve(isDone);
      },
    });
  });
}

export const stepUp = {
  current: () => asked,
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};
