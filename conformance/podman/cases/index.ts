import './exit-codes.js';
