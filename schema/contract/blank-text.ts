/**
 * Characters that show nothing: white space, controls, what fonts leave out (zero-width characters, fillers, tags), and the
 * Braille pattern without dots.
 */
const nothing = /^[\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/** True for a text in which a reader sees nothing: as a name it is none. */
export function isBlank(text: string): boolean {
  return nothing.test(text);
}

/** What follows would be shown in another order than it is stored. */
const directionControls = /[\u202A-\u202E\u2066-\u2069]/;

/** True for a text that turns the direction of writing: a name could read as another. */
export function turnsDirection(text: string): boolean {
  return directionControls.test(text);
}

/** True for a text that may be a name: it holds no control character, no half of a character, and reads as it is stored. */
export function isPlainName(text: string): boolean {
  return !/\p{Cc}/u.test(text) && text.isWellFormed() && !turnsDirection(text);
}
