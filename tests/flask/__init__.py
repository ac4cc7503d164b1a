"""Flask: boots of real applications under real servers."""
