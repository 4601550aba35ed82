-- The words of what is shown, by the messages' numbers. Nothing but the index is in it: the texts are in `messages`. What
-- is put in, and has to be given again to take it out, is made by src/store/words.rs; the tokenizer's categories are
-- letters, digits, private use (for the conversation's number) and symbols, among them emoji.
CREATE VIRTUAL TABLE words USING fts5 (
    text,
    content = '',
    columnsize = 0,
    prefix = '1 2 3',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co So Sk'"
);

-- What is taken out is overwritten, not marked.
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);

-- Messages up to this number are in `words`: one row.
CREATE TABLE indexed (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    up_to INTEGER NOT NULL
) STRICT;

INSERT INTO indexed (one, up_to) VALUES (1, 0);
