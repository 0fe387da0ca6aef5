import type { IServer } from '../server/api.js';
import { element } from '../dom.js';
import { messageOf } from '../errors.js';
import { uploadInto } from '../server/contents.js';
import type { Toasts } from './toasts.js';

/** What dropping files needs of the view. */
interface IDropHost {
  readonly server: IServer;
  readonly toasts: Toasts;
  folder(): string;
  /** Why files cannot be dropped here; empty if they can. */
  refusal(): string;
}

/** Uploads files that are dropped on a view. */
export class Drop {
  /** The sign, while files are dragged, that they may be dropped. */
  readonly node = element('div', 'Drop');
  private depth = 0;

  constructor(
    target: HTMLElement,
    private readonly host: IDropHost
  ) {
    this.node.hidden = true;
    target.addEventListener('dragenter', event => this.over(event, 1));
    target.addEventListener('dragleave', event => this.over(event, -1));
    target.addEventListener('dragover', event => {
      if (hasFiles(event)) {
        event.preventDefault();
      }
    });
    target.addEventListener('drop', event => void this.dropped(event));
  }

  private over(event: DragEvent, change: number): void {
    if (hasFiles(event)) {
      event.preventDefault();
      this.depth += change;
      const folder = this.host.folder() || 'the top folder';
      this.node.textContent =
        this.host.refusal() || `Drop files to put them into ${folder}`;
      this.node.hidden = this.depth <= 0;
    }
  }

  private async dropped(event: DragEvent): Promise<void> {
    if (!hasFiles(event)) {
      return;
    }
    event.preventDefault();
    this.depth = 0;
    this.node.hidden = true;
    const refusal = this.host.refusal();
    if (refusal) {
      this.host.toasts.say(refusal);
      return;
    }
    // The list is empty once this task has ended.
    const files = [...(event.dataTransfer?.items ?? [])].map(item => ({
      isFolder: item.webkitGetAsEntry()?.isDirectory === true,
      file: item.getAsFile()
    }));
    for (const { isFolder, file } of files) {
      if (file) {
        await this.bring(file, isFolder);
      }
    }
  }

  private async bring(file: File, isFolder: boolean): Promise<void> {
    const { toasts, server } = this.host;
    if (isFolder) {
      toasts.say(
        `${file.name} is a folder: pack it into one file first, as with tar.`
      );
      return;
    }
    const toast = toasts.begin(`Bringing ${file.name} to the server…`);
    try {
      const path = await uploadInto(
        server,
        this.host.folder(),
        file,
        fraction => toast.progress(fraction)
      );
      toast.say(`${file.name} is now on the server, as ${path}.`);
    } catch (error) {
      const why = messageOf(error);
      toast.say(`${file.name} was not brought to the server. ${why}`);
    }
    toast.done();
  }
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') === true;
}
