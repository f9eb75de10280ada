"""What a film is made of beyond its shots: set-ups, scenes, dialogues, characters, and facts about it."""
