/**
 * An import that ends as `Failed`. `message` is what the service would put in the import's `error` field; `detail` is only
 * for the emulator's own log, where more may be said than the service says.
 */
export class ImportFailure extends Error {
  override readonly name = 'ImportFailure';
  readonly detail: string | undefined;

  constructor(message: string, detail?: string) {
    super(message);
    this.detail = detail;
  }
}
