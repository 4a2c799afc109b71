"""A trained student's answers to pictures as they come: pairs, folders, videos."""
