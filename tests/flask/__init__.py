"""The Flask face: boots of real applications under real servers."""
