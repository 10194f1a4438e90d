"""Answers to customers' questions: a Seq2Seq network with attention writes them, with placeholders for every fact."""
