/** Dash and Plotly write style sheets of their own into the page: they get the nonce that allows them. */

const { nonce } = document.currentScript;
const create = document.createElement;

document.createElement = function (...words) {
  const element = create.apply(this, words);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};
