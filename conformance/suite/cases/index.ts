/** Every file of cases; importing it registers them in this order, which is the order of the table. */
import './process.js';
