// Floating-point sum of two numbers with EXP exponent and FRAC fraction bits: rounding, zeros and NaN as in product_fp;
// x + (-x) is +0.
// RANKS 1: registers after the alignment; 2: after the addition, too. load[k] is the enable of rank k.
module sum_fp #(
    parameter EXP = 8,
    parameter FRAC = 23,
    parameter RANKS = 0
) (
    input                 clk,
    input  [1:0]          load,
    input  [EXP+FRAC:0]   a,
    input  [EXP+FRAC:0]   b,
    output [EXP+FRAC:0]   sum
);
    localparam WIDE = FRAC + 4;         // leading one, fraction, guard, round and sticky bit
    localparam TOTAL = WIDE + 1;        // and the carry of the sum
    localparam STEPS = $clog2(WIDE);
    localparam [EXP-1:0] TOP = {EXP{1'b1}};

    // Alignment: the smaller magnitude is shifted right to the exponent of the larger.
    wire a_zero = ~|a[FRAC +: EXP];
    wire b_zero = ~|b[FRAC +: EXP];
    wire [EXP+FRAC-1:0] a_size = a[EXP+FRAC-1:0] & {(EXP+FRAC){~a_zero}};
    wire [EXP+FRAC-1:0] b_size = b[EXP+FRAC-1:0] & {(EXP+FRAC){~b_zero}};
    wire swap = b_size > a_size;
    wire [EXP+FRAC-1:0] major = swap ? b_size : a_size;
    wire [EXP+FRAC-1:0] minor = swap ? a_size : b_size;
    wire minor_zero = swap ? a_zero : b_zero;
    wire major_zero = swap ? b_zero : a_zero;
    wire sign = swap ? b[EXP+FRAC] : a[EXP+FRAC];
    wire subtract = a[EXP+FRAC] ^ b[EXP+FRAC];
    wire [EXP-1:0] exponent = major[FRAC +: EXP];
    // Both differences at once: which of them counts is known only after the comparison.
    wire [EXP-1:0] a_above = a_size[FRAC +: EXP] - b_size[FRAC +: EXP];
    wire [EXP-1:0] b_above = b_size[FRAC +: EXP] - a_size[FRAC +: EXP];
    wire [EXP-1:0] distance = swap ? b_above : a_above;

    wire a_special = &a[FRAC +: EXP];
    wire b_special = &b[FRAC +: EXP];
    wire nan = (a_special & |a[FRAC-1:0]) | (b_special & |b[FRAC-1:0]) | (a_special & b_special & subtract);
    wire infinite = a_special | b_special;

    wire [WIDE-1:0] unshifted = {~minor_zero, minor[FRAC-1:0], 3'b000};
    wire [2*WIDE-1:0] shifted = {unshifted, {WIDE{1'b0}}} >> distance;
    // A number that is shifted out altogether cannot change the sum: it is below a quarter of its last place.
    wire [WIDE-1:0] aligned = {shifted[2*WIDE-1:WIDE+1], shifted[WIDE] | |shifted[WIDE-1:0]};
    wire [FRAC:0] leading = {~major_zero, major[FRAC-1:0]};

    wire sign_1, subtract_1, nan_1, infinite_1;
    wire [EXP-1:0] exponent_1;
    wire [FRAC:0] leading_1;
    wire [WIDE-1:0] aligned_1;
    rank #(.WIDTH(EXP + FRAC + WIDE + 5), .PRESENT(RANKS >= 1)) aligned_rank (
        .clk(clk), .load(load[0]),
        .d({sign, subtract, nan, infinite, exponent, leading, aligned}),
        .q({sign_1, subtract_1, nan_1, infinite_1, exponent_1, leading_1, aligned_1})
    );

    // Addition; the difference of ordered magnitudes is never negative.
    wire [TOTAL-1:0] raw = {1'b0, leading_1, 3'b000} + ({1'b0, aligned_1} ^ {TOTAL{subtract_1}}) + subtract_1;

    wire sign_2, subtract_2, nan_2, infinite_2;
    wire [EXP-1:0] exponent_2;
    wire [TOTAL-1:0] raw_2;
    rank #(.WIDTH(EXP + TOTAL + 4), .PRESENT(RANKS >= 2)) raw_rank (
        .clk(clk), .load(load[1]),
        .d({sign_1, subtract_1, nan_1, infinite_1, exponent_1, raw}),
        .q({sign_2, subtract_2, nan_2, infinite_2, exponent_2, raw_2})
    );

    // Normalisation: the leading one goes to bit WIDE-1, one place to the right at most, or left step by step.
    wire carry = raw_2[TOTAL-1];
    wire [WIDE-1:0] step [0:STEPS];
    wire [STEPS-1:0] left;
    assign step[0] = raw_2[WIDE-1:0];
    genvar k;
    generate
        for (k = 0; k < STEPS; k = k + 1) begin : normalise
            localparam BY = 1 << (STEPS - 1 - k);
            assign left[STEPS-1-k] = ~|step[k][WIDE-1 -: BY];
            assign step[k+1] = left[STEPS-1-k] ? step[k] << BY : step[k];
        end
    endgenerate
    wire [WIDE-1:0] normal = carry ? {raw_2[TOTAL-1:2], raw_2[1] | raw_2[0]} : step[STEPS];
    wire zero = ~normal[WIDE-1];

    wire round_up = normal[2] & (normal[3] | normal[1] | normal[0]);
    wire [FRAC:0] rounded = {1'b0, normal[WIDE-2:3]} + round_up;
    // A sum below the smallest normal number is exact, so its rounding never carries.
    wire signed [EXP+1:0] shifted_exponent = $signed({2'b00, exponent_2}) - $signed({1'b0, left});
    wire [EXP:0] raised_exponent = exponent_2 + 1'b1;
    wire [EXP:0] normal_exponent = carry ? raised_exponent : shifted_exponent[EXP:0];
    wire [EXP:0] result_exponent = normal_exponent + rounded[FRAC];
    wire underflow = ~carry & (shifted_exponent <= 0);
    wire overflow = ~underflow & (result_exponent >= {1'b0, TOP});

    assign sum =
        nan_2 ? {1'b0, TOP, 1'b1, {(FRAC-1){1'b0}}} :
        (infinite_2 | (overflow & ~zero)) ? {sign_2, TOP, {FRAC{1'b0}}} :
        zero ? {sign_2 & ~subtract_2, {(EXP+FRAC){1'b0}}} :
        underflow ? {sign_2, {(EXP+FRAC){1'b0}}} :
        {sign_2, result_exponent[EXP-1:0], rounded[FRAC-1:0]};
endmodule
