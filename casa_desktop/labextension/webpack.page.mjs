import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import MiniCssExtractPlugin from 'mini-css-extract-plugin';
import webpack from 'webpack';

// import.meta.dirname is newer than the Node of Debian 12.
const here = dirname(fileURLToPath(import.meta.url));

/**
 * Writes the page's HTML and what goes with it.
 *
 * The script's name bears a hash, for a browser may keep it long after an
 * upgrade. `{{ static_url }}` and `{{ config }}` stay: the server fills them in
 * when it answers. The style and the first script are within the page: a
 * request for either would take longer than their bytes.
 */
class PagePlugin {
  apply(compiler) {
    compiler.hooks.thisCompilation.tap('PagePlugin', compilation => {
      const stage = webpack.Compilation.PROCESS_ASSETS_STAGE_SUMMARIZE;
      compilation.hooks.processAssets.tap({ name: 'PagePlugin', stage }, () =>
        this.emit(compilation)
      );
    });
  }

  emit(compilation) {
    const source = path => readFileSync(resolve(here, path), 'utf8');
    const files = compilation.entrypoints.get('page').getFiles();
    const [ahead] = compilation.entrypoints.get('ahead').getFiles();
    const style = files.find(name => name.endsWith('.css'));
    const inline = name => {
      const text = compilation.getAsset(name).source.source();
      compilation.deleteAsset(name);
      // A function, because `$` means something in a replacement.
      return () => text;
    };
    const assets = {
      'index.html': source('page/index.html')
        .replace(
          '{{ script }}',
          files.find(name => name.endsWith('.js'))
        )
        .replace('{{ style }}', inline(style))
        .replace('{{ first_script }}', inline(ahead))
        .replace('{{ icon }}', encodeURIComponent(source('style/icon.svg'))),
      'assets/novnc.LICENSE.txt': source(
        'node_modules/@novnc/novnc/LICENSE.txt'
      )
    };
    for (const [name, text] of Object.entries(assets)) {
      const asset = new webpack.sources.RawSource(text);
      compilation.emitAsset(name, asset, { minimized: true });
    }
  }
}

const css = {
  test: /\.css$/,
  use: [MiniCssExtractPlugin.loader, 'css-loader']
};

// Plain scripts, not modules: a browser asks for a module as it would from
// another site, and JupyterHub from 4.1 on takes no cookie for that.
const page = {
  mode: 'production',
  target: ['web', 'es2022'],
  entry: {
    ahead: resolve(here, 'lib/ahead.js'),
    page: resolve(here, 'lib/page.js')
  },
  output: {
    path: resolve(here, '../static/page'),
    filename: 'assets/[name].[contenthash].js',
    publicPath: 'auto',
    clean: true
  },
  module: { rules: [css] },
  resolve: {
    alias: {
      [resolve(here, 'lib/connection/novncloader.js')]: resolve(
        here,
        'lib/connection/novncatonce.js'
      )
    }
  },
  performance: { hints: false },
  plugins: [
    new MiniCssExtractPlugin({ filename: 'assets/[name].[contenthash].css' }),
    new PagePlugin()
  ]
};

// The same view in a cell's output. A kernel sends it to the notebook as one
// module and one style sheet, which cannot fetch anything more.
const cell = {
  mode: 'production',
  target: ['web', 'es2022'],
  entry: { cell: resolve(here, 'lib/cell.js') },
  experiments: { outputModule: true },
  output: {
    path: resolve(here, '../static/cell'),
    filename: '[name].js',
    library: { type: 'module' },
    publicPath: '',
    clean: true
  },
  module: { rules: [css] },
  performance: { hints: false },
  plugins: [
    new MiniCssExtractPlugin({ filename: '[name].css' }),
    new webpack.optimize.LimitChunkCountPlugin({ maxChunks: 1 })
  ]
};

export default [page, cell];
