import { ServerConnection } from '@jupyterlab/services';
import { IServer } from '../server/api.js';

/** The Jupyter server that JupyterLab itself talks to. */
export function labServer(settings: ServerConnection.ISettings): IServer {
  return {
    baseUrl: settings.baseUrl,
    wsUrl: settings.wsUrl,
    token: settings.appendToken ? settings.token : '',
    request: (url, init) => ServerConnection.makeRequest(url, init, settings)
  };
}
