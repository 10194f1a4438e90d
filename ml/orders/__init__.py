"""Orders out of free text: a BiLSTM tagger finds the pieces, plain code assembles them."""
