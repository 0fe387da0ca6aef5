import { element } from '../dom.js';
import type { IRect } from '../rfb/clientmessages.js';

/**
 * A picture above a part of noVNC's canvas, which shows video in its place.
 *
 * It is in the page while it shows something, and takes no input: the pointer
 * is over noVNC's canvas all the time. Its own canvas is in a closed tree, so
 * that scripts which look for the desktop's canvas find one and not two.
 */
export class Overlay {
  private readonly frame = element('div', 'Video');
  private readonly canvas = document.createElement('canvas');
  private readonly pen = this.canvas.getContext('2d', { alpha: false })!;
  private area: IRect | null = null;

  /** @param below noVNC's canvas, which may be scaled. */
  constructor(
    private readonly target: HTMLElement,
    private readonly below: HTMLCanvasElement
  ) {
    Object.assign(this.canvas.style, {
      display: 'block',
      width: '100%',
      height: '100%'
    });
    this.frame.attachShadow({ mode: 'closed' }).append(this.canvas);
  }

  /** Show a picture of an area of the desktop. */
  draw(picture: CanvasImageSource, area: IRect): void {
    const { canvas } = this;
    if (canvas.width !== area.width || canvas.height !== area.height) {
      canvas.width = area.width;
      canvas.height = area.height;
    }
    this.pen.drawImage(picture, 0, 0);
    this.area = area;
    if (!this.frame.isConnected) {
      this.target.append(this.frame);
    }
    this.place();
  }

  /** Be where the area is: the view or its scale may have changed. */
  place(): void {
    if (!this.area) {
      return;
    }
    const { x, y, width, height } = this.area;
    const around = this.target.getBoundingClientRect();
    const below = this.below.getBoundingClientRect();
    const scale = below.width / this.below.width;
    const { style } = this.frame;
    style.left = `${below.left - around.left + x * scale}px`;
    style.top = `${below.top - around.top + y * scale}px`;
    style.width = `${width * scale}px`;
    style.height = `${height * scale}px`;
  }

  /** Show the desktop's own picture again. */
  hide(): void {
    this.area = null;
    this.frame.remove();
  }
}
