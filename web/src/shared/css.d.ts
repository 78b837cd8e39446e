// Style sheets are imported for their effect: the bundler takes them into the page's own.
declare module '*.css';
