/* Carries an authorization response to the application without a click. */
document.getElementById("form-post").submit();
