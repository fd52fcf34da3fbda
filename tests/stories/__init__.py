"""Stories: what a campaign lives through, told over the real engine on both databases."""
