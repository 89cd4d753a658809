/** Now, or as soon as the view has asked whom it has to. */
export type Later<T> = T | Promise<T>;
