// Floating-point product: operands of EXP exponent and FRAC fraction bits, result of OUT_EXP and OUT_FRAC.
// Round to nearest, ties to even. Subnormal operands count as zero; a result that is below the smallest normal number
// after rounding becomes a zero of its sign (as x86 with DAZ and FTZ). NaN is the one quiet NaN without sign.
// SPLIT 1: a rank of registers stands between the multiplication and normalisation with rounding.
module product_fp #(
    parameter EXP = 8,
    parameter FRAC = 23,
    parameter OUT_EXP = 8,
    parameter OUT_FRAC = 23,
    parameter SPLIT = 0
) (
    input                        clk,
    input                        load,
    input  [EXP+FRAC:0]          act,
    input  [EXP+FRAC:0]          weight,
    output [OUT_EXP+OUT_FRAC:0]  product
);
    localparam MANT = 2 * (FRAC + 1);
    // Wide enough, with a sign, for the sum of two exponents before the biases are taken off.
    localparam SPAN = ((EXP > OUT_EXP) ? EXP : OUT_EXP) + 3;
    localparam signed [SPAN-1:0] REBIAS = (1 << (OUT_EXP - 1)) - 1 - 2 * ((1 << (EXP - 1)) - 1);
    localparam [OUT_EXP-1:0] TOP = {OUT_EXP{1'b1}};

    wire [EXP-1:0] act_exp = act[FRAC +: EXP];
    wire [EXP-1:0] weight_exp = weight[FRAC +: EXP];
    wire act_zero = ~|act_exp;
    wire weight_zero = ~|weight_exp;
    wire act_special = &act_exp;
    wire weight_special = &weight_exp;
    wire act_nan = act_special & |act[FRAC-1:0];
    wire weight_nan = weight_special & |weight[FRAC-1:0];

    wire sign = act[EXP+FRAC] ^ weight[EXP+FRAC];
    wire zero = act_zero | weight_zero;
    wire infinite = act_special | weight_special;
    wire nan = act_nan | weight_nan | (zero & infinite);
    wire [MANT-1:0] mantissa = {1'b1, act[FRAC-1:0]} * {1'b1, weight[FRAC-1:0]};
    wire [EXP:0] exponents = act_exp + weight_exp;

    wire sign_q, zero_q, infinite_q, nan_q;
    wire [MANT-1:0] mantissa_q;
    wire [EXP:0] exponents_q;
    rank #(.WIDTH(MANT + EXP + 5), .PRESENT(SPLIT)) raw_rank (
        .clk(clk), .load(load),
        .d({sign, zero, infinite, nan, exponents, mantissa}),
        .q({sign_q, zero_q, infinite_q, nan_q, exponents_q, mantissa_q})
    );

    // Leading one of the product in bit MANT-1 or MANT-2.
    wire high = mantissa_q[MANT-1];
    wire [MANT-2:0] fraction = high ? mantissa_q[MANT-2:0] : {mantissa_q[MANT-3:0], 1'b0};
    wire [OUT_FRAC:0] rounded;
    generate
        if (OUT_FRAC >= MANT - 1) begin : exact
            assign rounded = {1'b0, fraction} << (OUT_FRAC - (MANT - 1));
        end else begin : inexact
            localparam REST = MANT - 1 - OUT_FRAC;
            wire guard = fraction[REST-1];
            wire odd = fraction[REST];
            wire sticky;
            if (REST > 1) begin : tail
                assign sticky = |fraction[REST-2:0];
            end else begin : no_tail
                assign sticky = 1'b0;
            end
            assign rounded = {1'b0, fraction[MANT-2:REST]} + (guard & (odd | sticky));
        end
    endgenerate
    wire signed [SPAN-1:0] exponent = $signed({1'b0, exponents_q}) + REBIAS
        + $signed({1'b0, high}) + $signed({1'b0, rounded[OUT_FRAC]});

    wire overflow = exponent >= $signed({1'b0, TOP});
    wire underflow = exponent <= 0;
    wire to_zero = zero_q | (underflow & ~infinite_q);
    wire to_infinity = infinite_q | overflow;
    wire [OUT_EXP+OUT_FRAC-1:0] finite = {exponent[OUT_EXP-1:0], rounded[OUT_FRAC-1:0]};
    assign product =
        nan_q ? {1'b0, TOP, 1'b1, {(OUT_FRAC-1){1'b0}}} :
        to_zero ? {sign_q, {(OUT_EXP+OUT_FRAC){1'b0}}} :
        to_infinity ? {sign_q, TOP, {OUT_FRAC{1'b0}}} :
        {sign_q, finite};
endmodule
