// Two builds into ../static: the pages of this server (module + style sheets), and the widget as one script file.
import { defineConfig } from "vite";

const jsx = { jsx: { runtime: "automatic", importSource: "preact" } } as const;

const pages = {
  rolldownOptions: {
    input: { console: "src/console.tsx", answers: "src/answers/page.tsx", pages: "src/style/pages.css" },
    output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", assetFileNames: "[name][extname]" },
  },
};

const widget = {
  emptyOutDir: false,
  rolldownOptions: {
    input: "src/widget.tsx",
    output: { format: "iife", entryFileNames: "widget.js" },
  },
} as const;

export default defineConfig(({ mode }) => ({
  oxc: jsx,
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: "../static",
    emptyOutDir: true,
    modulePreload: false,
    sourcemap: false,
    target: "es2022",
    ...(mode === "widget" ? widget : pages),
  },
}));
