import '../style/cell.css';
import { element } from './dom.js';
import { Api } from './server/api.js';
import { IModel, KernelServer } from './server/kernelserver.js';
import { LocalPreferences } from './view/localpreferences.js';
import { View } from './view/view.js';

/** What anywidget gives for each place where the widget is shown. */
interface IPlace {
  readonly model: IModel & { get(name: '_desktop'): string };
  readonly el: HTMLElement;
}

/** Show the desktop in a cell's output; returns what ends that. */
function render({ model, el }: IPlace): () => void {
  const server = new KernelServer(model);
  const view = new View(new Api(server), model.get('_desktop'), {
    preferences: new LocalPreferences(localStorage),
    actions: [],
    lacks: ['files', 'shares'],
    folder: () => ''
  });
  const frame = element('div', 'Cell');
  frame.append(view.node);
  el.append(frame);
  // A cell may be scrolled out of sight.
  const sight = new IntersectionObserver(entries =>
    view.setVisible(entries[entries.length - 1].isIntersecting)
  );
  sight.observe(frame);
  // Nothing else tells a kernel that a page has gone.
  const hangUp = (): void => server.hangUp();
  window.addEventListener('pagehide', hangUp);
  view.open();
  return () => {
    window.removeEventListener('pagehide', hangUp);
    sight.disconnect();
    view.dispose();
    server.dispose();
  };
}

export default { render };
