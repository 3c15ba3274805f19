// A script that does nothing: what starting Node takes.
