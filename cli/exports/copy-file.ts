/** The copy's file, if the command does not name another. */
export const COPY_FILE = "perdure-export.sqlite";
