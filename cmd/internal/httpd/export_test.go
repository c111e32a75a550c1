package httpd

// ListenPausing is Listen with other pauses: the last one returns false.
var ListenPausing = listen
