import { imageRendererFactory, RenderedImage } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

/**
 * JupyterLab's image with a text alternative, which the kernel puts into the
 * output's metadata and JupyterLab does not use.
 */
class DescribedImage extends RenderedImage {
  override async render(model: IRenderMime.IMimeModel): Promise<void> {
    await super.render(model);
    const metadata = model.metadata[this.mimeType] as
      { alt?: unknown } | undefined;
    const image = this.node.querySelector('img');
    if (image && typeof metadata?.alt === 'string') {
      image.alt = metadata.alt;
    }
  }
}

/** Makes renderers of images, in the place of JupyterLab's own. */
export const imageFactory: IRenderMime.IRendererFactory = {
  ...imageRendererFactory,
  createRenderer: options => new DescribedImage(options)
};
