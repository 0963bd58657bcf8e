"""What does a token store of one's own begin with?"""
